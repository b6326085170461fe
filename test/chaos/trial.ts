import { setTimeout as sleep } from 'node:timers/promises';
import { TRANSPORT_KINDS } from '@carillon/domain';
import { Rest } from '../support/rest.js';
import { WebhookEndpoint } from '../support/webhook-endpoint.js';
import { SimulatedDevice } from './devices/simulated-device.js';
import { Dice } from './dice.js';
import { readFunnels } from './funnels.js';
import { listKeys } from './key-listing.js';
import { overtaken } from './ledger/check-order.js';
import { repetitions } from './ledger/check-repetition.js';
import { check, type Violation } from './ledger/checker.js';
import { Ledger } from './ledger/ledger.js';
import { leftOver, type Owners } from './ledger/left-over.js';
import type { Population } from './drafts.js';
import { Senders } from './senders.js';
import { KEY_PREFIX, System, type SystemOptions } from './system.js';

/** After so long without any progress a run says what it waits for, ms. */
const TELL_MS = 10_000;

export interface TrialOptions extends SystemOptions {
  readonly seed: number;
  readonly notifications: number;
  readonly devicesPerTransport: number;
  /** How long a device stays on a connection, from and to, ms. */
  readonly stay: readonly [number, number];
  /** How long nothing may happen at the end before the rest counts as lost, ms. */
  readonly patienceMs: number;
  readonly log: (line: string) => void;
}

/** A system with devices that live their lives and a backend that sends, and the ledger of both. */
export class Trial {
  readonly ledger = new Ledger();
  readonly senders: Senders;
  private readonly devices: SimulatedDevice[] = [];
  private readonly population = {
    devices: [],
    tags: new Map(),
    users: new Map(),
    groups: new Map(),
  } as Enlisted;

  private constructor(
    private readonly options: TrialOptions,
    readonly system: System,
    private readonly endpoint: WebhookEndpoint,
  ) {
    const { seed, notifications: total } = options;
    const key = system.installation.adminKey;
    this.senders = new Senders(system, this.ledger, this.population, new Dice(seed, 'senders'), {
      total,
      seed,
      key,
    });
  }

  /** @returns what `work` does with a trial, whose system ends with it */
  static async with<T>(options: TrialOptions, work: (trial: Trial) => Promise<T>): Promise<T> {
    const endpoint = await WebhookEndpoint.start();
    const system = await System.start(options);
    const trial = new Trial(options, system, endpoint);
    try {
      await trial.begin();
      return await work(trial);
    } finally {
      for (const device of trial.devices) device.abandon();
      await system.end();
      endpoint.stop();
    }
  }

  /** Everything has to arrive, or to end, while there is any progress; then the ledger is held against what there is. */
  async verdict(): Promise<Violation[]> {
    await this.settle();
    this.options.log('reading what the API says');
    const violations = check(this.ledger, await readFunnels(() => this.rest(), this.ledger));
    await Promise.all(this.devices.map((device) => device.stop()));
    for (const name of this.system.undrained)
      violations.push({ rule: 'not drained', detail: `${name} was told to end, and did not in order` });
    return [...violations, ...(await this.leftOver())];
  }

  figures(): Record<string, number> {
    const { accepted, repeated } = this.senders;
    return {
      accepted,
      'attempts without an answer': repeated,
      deliveries: this.ledger.progress().promised,
      seen: this.ledger.sightings.length,
      repetitions: repetitions(this.ledger),
      overtaken: overtaken(this.ledger),
      receipts: this.ledger.receipts.size,
      withdrawn: this.ledger.withdrawals.size,
      'reports of devices': this.ledger.reports.length,
      connections: this.devices.reduce((sum, { connections }) => sum + connections, 0),
    };
  }

  private async begin(): Promise<void> {
    const rest = this.rest();
    await this.subscribe(rest);
    const { devicesPerTransport } = this.options;
    for (let i = 0; i < devicesPerTransport * TRANSPORT_KINDS.length; i++) await this.enlist(rest, i);
    for (const device of this.devices) device.start();
  }

  private rest(): Rest {
    return new Rest(this.system.urls('api', 'HTTP')[0]!, this.system.installation.adminKey);
  }

  /** Every receipt goes into the ledger. */
  private async subscribe(rest: Rest): Promise<void> {
    this.endpoint.onEvent = ({ id: event, type, notificationId = '', deviceId = '', count = 1, at }) =>
      this.ledger.receive({
        event,
        state: type.replace('delivery.', ''),
        id: notificationId,
        device: deviceId,
        count,
        at: Date.parse(at),
      });
    const { body } = await rest.post('/v1/webhooks', { url: this.endpoint.url });
    this.endpoint.secrets = [body.secret];
    // Workers look at the list once a second.
    await sleep(1_200);
  }

  private async enlist(rest: Rest, i: number): Promise<void> {
    const { devicesPerTransport, seed, stay } = this.options;
    const home = TRANSPORT_KINDS[i % TRANSPORT_KINDS.length]!;
    const id = `${home}-${i}`;
    const [tag, user] = [`tag-${i % Math.ceil(devicesPerTransport / 3)}`, `user-${Math.floor(i / 2)}`];
    const token = await rest.register(id, { tags: [tag], user });
    const group = `group-${i % 5}`;
    await rest.put(`/v1/groups/${group}/members/devices/${id}`);
    const { devices, tags, users, groups } = this.population;
    groups.set(group, [...(groups.get(group) ?? []), id]);
    devices.push(id);
    tags.set(tag, [...(tags.get(tag) ?? []), id]);
    users.set(user, [...(users.get(user) ?? []), id]);
    const { ledger, system } = this;
    this.devices.push(new SimulatedDevice({ credentials: { id, token }, home, seed, ledger, system, stay }));
  }

  private async settle(): Promise<void> {
    await this.system.allRunning();
    for (const device of this.devices) device.settle();
    await this.senders.withdrawn();
    let [{ promised, ended }, since, told] = [this.ledger.progress(), Date.now(), Date.now()];
    while (ended < promised && Date.now() - since <= this.options.patienceMs) {
      await sleep(200);
      const now = this.ledger.progress();
      if (now.ended !== ended) since = told = Date.now();
      if (Date.now() - told > TELL_MS) {
        told = Date.now();
        this.options.log(`waiting for ${this.ledger.open().slice(0, 5).join('; ')}`);
      }
      ({ promised, ended } = now);
    }
    this.options.log(`settled: ${ended} of ${promised} deliveries have ended`);
    // Receipts of before the last end that are posted after it.
    await sleep(1_000);
  }

  private async leftOver(): Promise<Violation[]> {
    const deadline = Date.now() + this.options.patienceMs;
    for (;;) {
      const found = leftOver(await listKeys(this.system.inspector, KEY_PREFIX), await this.owners());
      if (found.length === 0 || Date.now() > deadline) return found;
      await sleep(2_000);
    }
  }

  private async owners(): Promise<Owners> {
    const pids = [...this.system.pids.values()];
    const known = await this.system.inspector.zrange(`${KEY_PREFIX}{sys}:edges`, '0', '-1');
    const edges = known.filter((edge) => pids.some((pid) => edge.startsWith(`edge-${pid}-`)));
    const { body } = await this.rest().get('/v1/webhooks');
    const webhooks = (body.webhooks as { id: string }[]).map(({ id }) => id);
    return { edges: new Set(edges), devices: new Set(this.population.devices), webhooks: new Set(webhooks) };
  }
}

interface Enlisted extends Population {
  readonly devices: string[];
  readonly tags: Map<string, string[]>;
  readonly users: Map<string, string[]>;
  readonly groups: Map<string, string[]>;
}
