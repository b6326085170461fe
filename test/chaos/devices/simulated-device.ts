import { setTimeout as sleep } from 'node:timers/promises';
import { TRANSPORT_KINDS, type TransportKind } from '@carillon/domain';
import type { Credentials } from '../../support/devices.js';
import { Dice } from '../dice.js';
import type { Ledger } from '../ledger/ledger.js';
import type { System } from '../system.js';
import type { DeviceSession, DeviceWorld, TransportClient } from './device-session.js';
import { MqttTransportClient } from './mqtt-client.js';
import { PollTransportClient } from './poll-client.js';
import { XmppTransportClient } from './xmpp-client.js';

/** Shares of the devices, and of the moments, at which they do what makes a gateway's life hard. */
const SWITCHES = 0.2;
const LATE_DEVICES = 0.3;
const LATE = 0.05;
const OVERLAPS = 0.3;

export interface DeviceOptions {
  readonly credentials: Credentials;
  readonly home: TransportKind;
  readonly seed: number;
  readonly ledger: Ledger;
  readonly system: System;
  /** How long it stays on a connection, from and to, ms. */
  readonly stay: readonly [number, number];
}

/** A phone of a run: it connects, leaves, comes back elsewhere, perhaps over another transport, and acknowledges late. */
export class SimulatedDevice {
  /** Connections that it made. */
  connections = 0;
  private readonly dice: Dice;
  private readonly clients: Record<TransportKind, TransportClient>;
  private readonly switches: boolean;
  private readonly isLate: boolean;
  private restless = true;
  private stopped = false;
  private readonly calm = new AbortController();
  private session: DeviceSession | undefined;
  private life: Promise<void> = Promise.resolve();

  constructor(private readonly options: DeviceOptions) {
    const { credentials, ledger, seed } = options;
    this.dice = new Dice(seed, credentials.id);
    this.switches = this.dice.chance(SWITCHES);
    this.isLate = this.dice.chance(LATE_DEVICES);
    const world: DeviceWorld = {
      credentials,
      ledger,
      dice: this.dice,
      edge: (listener) => this.edge(listener),
      lateness: () => this.lateness(),
    };
    this.clients = {
      mqtt: new MqttTransportClient(world),
      xmpp: new XmppTransportClient(world),
      poll: new PollTransportClient(world),
    };
  }

  get id(): string {
    return this.options.credentials.id;
  }

  start(): void {
    this.life = this.live();
  }

  /** From now on it stays where it belongs and acknowledges at once. */
  settle(): void {
    this.restless = false;
    this.calm.abort();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.settle();
    await this.session?.leave('politely');
    await this.life;
  }

  /** Connects no more; what is open may end by itself. */
  abandon(): void {
    this.stopped = true;
    this.settle();
  }

  private async live(): Promise<void> {
    await this.pause(0, 1_000);
    while (!this.stopped) {
      const session = await this.connect();
      if (session) await this.stay(session);
      await this.pause(50, this.restless ? 2_000 : 500);
    }
  }

  private async connect(): Promise<DeviceSession | undefined> {
    const { home } = this.options;
    const roams = this.restless && this.switches && this.dice.chance(0.6);
    const client = this.clients[roams ? this.dice.pick(TRANSPORT_KINDS) : home];
    try {
      const session = await client.connect();
      this.connections++;
      return session;
    } catch {
      return undefined;
    }
  }

  /** Until the connection is over, or the device has had enough of it. */
  private async stay(session: DeviceSession): Promise<void> {
    this.session = session;
    if (this.stopped) return session.leave('politely');
    const enough = this.restless ? this.pause(...this.options.stay) : new Promise<void>(() => undefined);
    await Promise.race([session.over, enough]);
    if (this.stopped) return;
    if (this.switches && this.restless && this.dice.chance(OVERLAPS)) return this.overlap(session);
    await session.leave(this.dice.chance(0.5) ? 'cut' : 'politely');
  }

  /** Connects over another transport before it leaves the first, as a phone between two networks. */
  private async overlap(first: DeviceSession): Promise<void> {
    const second = await this.connect();
    await this.pause(0, 1_500);
    await first.leave('politely');
    if (second) await this.stay(second);
  }

  private edge(listener: string): string {
    const urls = this.options.system.urls('edge', listener);
    if (urls.length === 0) throw new Error('no edge runs');
    return this.dice.pick(urls);
  }

  private lateness(): number {
    return this.restless && this.isLate && this.dice.chance(LATE) ? this.dice.between(200, 2_000) : 0;
  }

  /** Once it has settled, it is in no hurry and never slow. */
  private async pause(low: number, high: number): Promise<void> {
    const ms = this.dice.between(low, high);
    if (this.restless) await sleep(ms, undefined, { signal: this.calm.signal }).catch(() => undefined);
    else await sleep(Math.min(ms, 500));
  }
}
