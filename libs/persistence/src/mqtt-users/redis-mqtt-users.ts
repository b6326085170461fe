import { randomUUID } from 'node:crypto';
import {
  MAX_MQTT_USERS,
  type MqttUser,
  MqttUserDirectory,
  type ScramKeys,
  type TopicRule,
} from '@carillon/domain';
import { runScript } from '@carillon/redis';
import type { Store } from '../store.js';

/** What a request wants of a user. */
export interface MqttUserFields {
  readonly rules: readonly TopicRule[];
  /** For a new user, and for one whose password changes. */
  readonly keys: ScramKeys;
  readonly replacesKeys: boolean;
}

export class RedisMqttUsers extends MqttUserDirectory {
  constructor(private readonly store: Store) {
    super();
  }

  async find(name: string): Promise<MqttUser | undefined> {
    const fields = await this.store.client.hgetall(this.store.keys.mqttUser(name));
    return fields.revision === undefined ? undefined : toUser(name, fields);
  }

  async revisions(): Promise<ReadonlyMap<string, string>> {
    return new Map(Object.entries(await this.store.client.hgetall(this.store.keys.mqttUsers())));
  }

  /** By name. */
  async list(): Promise<MqttUser[]> {
    const names = [...(await this.revisions()).keys()].sort();
    const users = await Promise.all(names.map((name) => this.find(name)));
    return users.filter((user) => user !== undefined);
  }

  /** Atomic. `full`: there are as many users as there may be. */
  write(
    name: string,
    { rules, keys, replacesKeys }: MqttUserFields,
    now: number,
  ): Promise<'created' | 'changed' | 'full'> {
    return runScript(this.store.client, 'write-mqtt-user', this.keysOf(name), [
      name,
      randomUUID(),
      MAX_MQTT_USERS,
      now,
      JSON.stringify(rules),
      JSON.stringify(keys),
      replacesKeys ? '1' : '0',
    ]);
  }

  /** False: there was no such user. */
  async delete(name: string): Promise<boolean> {
    return (await runScript(this.store.client, 'delete-mqtt-user', this.keysOf(name), [name])) === 1;
  }

  private keysOf(name: string): string[] {
    return [this.store.keys.mqttUser(name), this.store.keys.mqttUsers()];
  }
}

function toUser(name: string, fields: Readonly<Record<string, string>>): MqttUser {
  return {
    name,
    revision: fields.revision!,
    keys: JSON.parse(fields.keys!) as ScramKeys,
    rules: JSON.parse(fields.rules!) as TopicRule[],
    createdAt: Number(fields.createdAt),
    changedAt: Number(fields.changedAt),
  };
}
