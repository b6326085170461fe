import { Injectable } from '@nestjs/common';
import { CHOSEN_ITERATIONS, deriveScramKeys, newToken } from '@carillon/auth';
import { CarillonError, DEVICE_ID, DeviceDirectory, MAX_MQTT_USERS, type MqttUser } from '@carillon/domain';
import { DispatchPublisher, EdgeRegistry, RedisMqttUsers } from '@carillon/persistence';
import {
  type CreatedMqttUser,
  type MqttUserList,
  type MqttUserView,
  mqttUserView,
  type PutMqttUser,
} from './mqtt-user.dto.js';

export interface PutOutcome {
  readonly created: boolean;
  readonly user: CreatedMqttUser;
}

/** MQTT users of the installation: every edge hears of each change at once, and ends what is no longer allowed. */
@Injectable()
export class MqttUsersService {
  constructor(
    private readonly users: RedisMqttUsers,
    private readonly devices: DeviceDirectory,
    private readonly edges: EdgeRegistry,
    private readonly dispatch: DispatchPublisher,
  ) {}

  async put(name: string, { password, rules }: PutMqttUser): Promise<PutOutcome> {
    await this.refuseDevice(name);
    const generated = password ? undefined : newToken();
    const keys = await deriveScramKeys('sha256', password ?? generated!, undefined, CHOSEN_ITERATIONS);
    const fields = { rules: rules ?? [], keys, replacesKeys: generated === undefined };
    const outcome = await this.users.write(name, fields, Date.now());
    if (outcome === 'full') {
      throw new CarillonError('conflict', `there are ${MAX_MQTT_USERS} MQTT users: delete one first`);
    }
    await this.tellEdges(name);
    const created = outcome === 'created';
    const view = mqttUserView(await this.user(name));
    return { created, user: created && generated ? { ...view, password: generated } : view };
  }

  async read(name: string): Promise<MqttUserView> {
    return mqttUserView(await this.user(name));
  }

  async list(): Promise<MqttUserList> {
    return { users: (await this.users.list()).map(mqttUserView) };
  }

  async delete(name: string): Promise<void> {
    const deleted = await this.users.delete(name);
    // Also when it was gone before: a request that was interrupted may not have told them.
    await this.tellEdges(name);
    if (!deleted) throw unknownUser(name);
  }

  private async tellEdges(name: string): Promise<void> {
    await this.dispatch.mqttUserChanged(await this.edges.all(), name);
  }

  private async user(name: string): Promise<MqttUser> {
    const user = await this.users.find(name);
    if (!user) throw unknownUser(name);
    return user;
  }

  /** A user's name comes before a device's id: the device could no longer log in. */
  private async refuseDevice(name: string): Promise<void> {
    if (!DEVICE_ID.test(name) || !(await this.devices.login(name))) return;
    throw new CarillonError('conflict', `${name} is the id of a device`);
  }
}

const unknownUser = (name: string): CarillonError =>
  new CarillonError('not-found', `there is no MQTT user ${name}`);
