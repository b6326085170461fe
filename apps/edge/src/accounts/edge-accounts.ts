import { Injectable } from '@nestjs/common';
import {
  CHOSEN_PASSWORD,
  CHOSEN_PASSWORD_RULE,
  ChosenPasswords,
  isChosen,
  opensRegistration,
  registrationKeyId,
} from '@carillon/auth';
import {
  type AccountChange,
  type AccountRefusal,
  claimAlias,
  type ClaimedChange,
  claimTags,
  DEFAULT_APP,
  type Device,
  DEVICE_ID,
  DEVICE_ID_RULE,
  DeviceAccounts,
  type DeviceLogin,
  type PasswordChange,
  type RegistrationForm,
} from '@carillon/domain';
import {
  DeviceRemoval,
  DispatchPublisher,
  EdgeRegistry,
  RedisDevices,
  RedisRegistrationKeys,
  RegistrationRate,
} from '@carillon/persistence';
import { type Counter, Metrics } from '@carillon/observability';
import { ProcessContext } from '@carillon/process';
import { addressBlock } from './address-block.js';

const DONE = { ok: true } as const;
const NOT_ITS_OWN = 'the device did not choose its password: it is managed over REST';

/** What devices do about their own accounts, in the registry. */
@Injectable()
export class EdgeAccounts extends DeviceAccounts {
  private readonly registrations: Counter<'outcome'>;

  constructor(
    private readonly devices: RedisDevices,
    private readonly keys: RedisRegistrationKeys,
    private readonly rate: RegistrationRate,
    private readonly passwords: ChosenPasswords,
    private readonly removal: DeviceRemoval,
    private readonly dispatch: DispatchPublisher,
    private readonly edges: EdgeRegistry,
    private readonly context: ProcessContext,
    metrics: Metrics,
  ) {
    super();
    this.registrations = metrics.counter({
      name: 'registrations_total',
      help: 'Attempts of devices to register themselves, by outcome',
      labels: ['outcome'],
    });
  }

  async register(form: RegistrationForm): Promise<AccountChange> {
    const outcome = await this.tryRegister(form);
    this.registrations.inc({ outcome: outcome.ok ? 'done' : outcome.reason });
    return outcome;
  }

  async changePassword(device: DeviceLogin, password: string): Promise<PasswordChange> {
    const { app, id } = device;
    if (!isChosen(device.credentials)) return refused('not-allowed', NOT_ITS_OWN);
    if (!CHOSEN_PASSWORD.test(password)) return refused('invalid', `the password ${CHOSEN_PASSWORD_RULE}`);
    const credentials = await this.passwords.derive(password);
    const done = await this.devices.replaceCredentials(app, id, device.credentials, credentials);
    return done ? { ok: true, credentials } : refused('not-allowed', 'the password was changed meanwhile');
  }

  async endConnections(deviceId: string): Promise<void> {
    await this.dispatch.revoke(await this.edges.all(), deviceId);
  }

  async remove({ app, id, credentials }: DeviceLogin): Promise<AccountChange> {
    if (!isChosen(credentials)) return refused('not-allowed', NOT_ITS_OWN);
    const [device, login] = await Promise.all([this.devices.find(app, id), this.devices.login(id)]);
    if (!device || login?.credentials.tokenHash !== credentials.tokenHash)
      return refused('not-allowed', 'the password was changed meanwhile');
    await this.removal.remove(device);
    return DONE;
  }

  setAlias(device: DeviceLogin, alias: string): Promise<AccountChange> {
    return this.claim(device, (record) => claimAlias(record, alias));
  }

  setTags(device: DeviceLogin, tags: readonly string[]): Promise<AccountChange> {
    return this.claim(device, (record) => claimTags(record, tags));
  }

  /** Whoever has no key learns nothing of which names are taken; nobody tries more often than the rate allows. */
  private async tryRegister({ deviceId, password, key, address }: RegistrationForm): Promise<AccountChange> {
    if (!DEVICE_ID.test(deviceId)) return refused('invalid', `the user name ${DEVICE_ID_RULE}`);
    if (!CHOSEN_PASSWORD.test(password)) return refused('invalid', `the password ${CHOSEN_PASSWORD_RULE}`);
    if (await this.isTooMany(address)) return refused('too-many', 'too many registrations; try again later');
    const app = await this.appFor(key);
    if (app === undefined) return refused('forbidden', 'a registration key of the app is needed');
    const made =
      !(await this.devices.login(deviceId)) && (await this.create(app, deviceId, password, address));
    return made ? DONE : refused('conflict', 'the user name is taken');
  }

  private async isTooMany(address: string): Promise<boolean> {
    const { attempts } = await this.rate.count(addressBlock(address));
    return attempts > this.context.config.xmpp.registrationsPerHour;
  }

  /** The app that a device may register in; undefined: in none. A key that is given must be right even where none is needed. */
  private async appFor(text: string | undefined): Promise<string | undefined> {
    if (text === undefined) return this.context.config.xmpp.registration === 'open' ? DEFAULT_APP : undefined;
    const id = registrationKeyId(text);
    const key = id === undefined ? undefined : await this.keys.find(id);
    return key && opensRegistration(key, text) ? key.app : undefined;
  }

  private async create(app: string, id: string, password: string, address: string): Promise<boolean> {
    const credentials = await this.passwords.derive(password);
    const created = await this.devices.create(app, id, { selfRegistered: true }, credentials);
    if (created) this.context.logger.info({ deviceId: id, app, address }, 'a device registered itself');
    return created;
  }

  private async claim(
    { app, id }: DeviceLogin,
    compute: (device: Device) => ClaimedChange,
  ): Promise<AccountChange> {
    let outcome: ClaimedChange | undefined;
    const found = await this.devices.revise(app, id, (device) => {
      outcome = compute(device);
      if (!outcome.ok) return undefined;
      const { ok: _, ...changes } = outcome;
      return changes;
    });
    if (!found || !outcome) return refused('not-allowed', 'the device is gone');
    return outcome.ok ? DONE : outcome;
  }
}

const refused = (reason: AccountRefusal, detail: string) => ({ ok: false, reason, detail }) as const;
