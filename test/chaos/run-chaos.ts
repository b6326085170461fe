import { setTimeout as sleep } from 'node:timers/promises';
import { TRANSPORT_KINDS } from '@carillon/domain';
import { Rest } from '../support/rest.js';
import { WebhookEndpoint } from '../support/webhook-endpoint.js';
import { SimulatedDevice } from './devices/simulated-device.js';
import { Dice } from './dice.js';
import { readFunnels } from './funnels.js';
import { listKeys } from './key-listing.js';
import { check, type Violation } from './ledger/checker.js';
import { Ledger } from './ledger/ledger.js';
import { leftOver, type Owners } from './ledger/left-over.js';
import { overtaken } from './ledger/check-order.js';
import { repetitions } from './ledger/check-repetition.js';
import { type Disturbance, planDisturbances, type PlannedDisturbance } from './plan.js';
import { type Population, Senders } from './senders.js';
import { KEY_PREFIX, System, type SystemOptions } from './system.js';

export interface ChaosOptions extends SystemOptions {
  readonly seed: number;
  readonly kills: number;
  readonly notifications: number;
  readonly devicesPerTransport: number;
  /** How long a device stays on a connection, from and to, ms. */
  readonly stay: readonly [number, number];
  /** Which processes are killed; all of them unless said otherwise. */
  readonly victims?: readonly string[];
  /** Restarts, pauses and cut connections of Redis; one to four kills unless said otherwise, and three at least. */
  readonly redisTroubles?: number;
  /** How long nothing may happen at the end before the rest counts as lost, ms. */
  readonly patienceMs: number;
  readonly log: (line: string) => void;
}

export interface ChaosOutcome {
  readonly violations: readonly Violation[];
  readonly figures: Readonly<Record<string, number>>;
}

/** One run: a system, devices that live their lives, senders, trouble, and at the end the ledger against what there is. */
export async function runChaos(options: ChaosOptions): Promise<ChaosOutcome> {
  const endpoint = await WebhookEndpoint.start();
  const system = await System.start(options);
  try {
    return await new ChaosRun(options, system, endpoint).run();
  } finally {
    await system.end();
    endpoint.stop();
  }
}

class ChaosRun {
  private readonly ledger = new Ledger();
  private devices: SimulatedDevice[] = [];
  private readonly done: Record<Disturbance['kind'], number> = {
    kill: 0,
    'restart-redis': 0,
    'pause-redis': 0,
    'cut-redis': 0,
  };

  constructor(
    private readonly options: ChaosOptions,
    private readonly system: System,
    private readonly endpoint: WebhookEndpoint,
  ) {}

  async run(): Promise<ChaosOutcome> {
    const began = Date.now();
    const rest = this.rest();
    await this.subscribe(rest);
    const population = await this.populate(rest);
    for (const device of this.devices) device.start();
    const senders = await this.disturb(population);
    await this.settle();
    this.options.log('reading what the API says');
    const funnels = await readFunnels(() => this.rest(), this.ledger);
    const violations = check(this.ledger, funnels);
    await Promise.all(this.devices.map((device) => device.stop()));
    const left = await this.leftOver(population);
    const figures = { ...this.figures(senders), seconds: Math.round((Date.now() - began) / 1_000) };
    return { violations: [...violations, ...left], figures };
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

  private async populate(rest: Rest): Promise<Population> {
    const { devicesPerTransport, seed } = this.options;
    const tags = new Map<string, string[]>();
    const users = new Map<string, string[]>();
    const enlist = (groups: Map<string, string[]>, name: string, device: string): void =>
      void groups.set(name, [...(groups.get(name) ?? []), device]);
    for (let i = 0; i < devicesPerTransport * TRANSPORT_KINDS.length; i++) {
      const home = TRANSPORT_KINDS[i % TRANSPORT_KINDS.length]!;
      const id = `${home}-${i}`;
      const [tag, user] = [`tag-${i % Math.ceil(devicesPerTransport / 3)}`, `user-${Math.floor(i / 2)}`];
      const token = await rest.register(id, { tags: [tag], user });
      enlist(tags, tag, id);
      enlist(users, user, id);
      const { ledger, system } = this;
      const { stay } = this.options;
      this.devices.push(
        new SimulatedDevice({ credentials: { id, token }, home, seed, ledger, system, stay }),
      );
    }
    return { devices: this.devices.map(({ id }) => id), tags, users };
  }

  /** The notifications flow while one disturbance follows another, so many of them in each interval. */
  private async disturb(population: Population): Promise<Senders> {
    const { notifications: total, log } = this.options;
    const plan = this.plan();
    const senders = this.senders(population);
    const sending = senders.send();
    const share = total / (plan.length + 1);
    for (const [i, { afterMs, disturbance }] of plan.entries()) {
      senders.allow(share * (i + 1));
      await Promise.race([sending, senders.reach(share * (i + 0.5))]);
      await sleep(afterMs);
      log(`${senders.accepted} accepted, ${this.ledger.sightings.length} seen: ${describe(disturbance)}`);
      await this.apply(disturbance);
    }
    senders.allow(total);
    await sending;
    return senders;
  }

  private plan(): PlannedDisturbance[] {
    const { seed, kills } = this.options;
    const { victims = this.system.names, redisTroubles = Math.max(3, Math.ceil(kills / 4)) } = this.options;
    return planDisturbances(new Dice(seed, 'plan'), victims, kills, redisTroubles);
  }

  private senders(population: Population): Senders {
    const { seed, notifications: total } = this.options;
    const key = this.system.installation.adminKey;
    return new Senders(this.system, this.ledger, population, new Dice(seed, 'senders'), { total, seed, key });
  }

  private async apply(disturbance: Disturbance): Promise<void> {
    this.done[disturbance.kind]++;
    if (disturbance.kind === 'kill') return this.system.kill(disturbance.name, disturbance.downMs);
    if (disturbance.kind === 'restart-redis') return this.system.restartRedis(disturbance.downMs);
    if (disturbance.kind === 'pause-redis') return this.system.pauseRedis(disturbance.ms);
    return this.system.cutRedis();
  }

  /** All processes run and all devices stay: now everything has to arrive, or to end, while there is any progress. */
  private async settle(): Promise<void> {
    await this.system.allRunning();
    for (const device of this.devices) device.settle();
    const { promised } = this.ledger.progress();
    let [ended, since] = [-1, Date.now()];
    for (;;) {
      const now = this.ledger.progress().ended;
      if (now !== ended) [ended, since] = [now, Date.now()];
      if (ended >= promised || Date.now() - since > this.options.patienceMs) break;
      await sleep(200);
    }
    this.options.log(`settled: ${ended} of ${promised} deliveries have ended`);
    // Receipts that follow the last end: written before, posted after.
    await sleep(1_000);
  }

  private async leftOver({ devices }: Population): Promise<Violation[]> {
    const look = async (): Promise<Violation[]> =>
      leftOver(await listKeys(this.system.inspector, KEY_PREFIX), await this.owners(devices));
    const deadline = Date.now() + this.options.patienceMs;
    for (;;) {
      const found = await look();
      if (found.length === 0 || Date.now() > deadline) return found;
      await sleep(2_000);
    }
  }

  private async owners(devices: readonly string[]): Promise<Owners> {
    const pids = [...this.system.pids.values()];
    const known = await this.system.inspector.zrange(`${KEY_PREFIX}{sys}:edges`, '0', '-1');
    const edges = known.filter((edge) => pids.some((pid) => edge.startsWith(`edge-${pid}-`)));
    const { body } = await this.rest().get('/v1/webhooks');
    const webhooks = (body.webhooks as { id: string }[]).map(({ id }) => id);
    return { edges: new Set(edges), devices: new Set(devices), webhooks: new Set(webhooks) };
  }

  private figures({ accepted, repeated }: Senders): Record<string, number> {
    return {
      ...this.done,
      accepted,
      'attempts without an answer': repeated,
      deliveries: this.ledger.progress().promised,
      seen: this.ledger.sightings.length,
      repetitions: repetitions(this.ledger),
      overtaken: overtaken(this.ledger),
      receipts: this.ledger.receipts.size,
      connections: this.devices.reduce((sum, { connections }) => sum + connections, 0),
    };
  }
}

function describe(disturbance: Disturbance): string {
  const { kind, ...how } = disturbance;
  return [
    kind,
    ...Object.entries(how).map(([name, value]) => (name === 'name' ? value : `${name} ${value}`)),
  ].join(' ');
}
