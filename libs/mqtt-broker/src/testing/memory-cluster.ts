import { MqttBroker } from '../broker.js';
import type { MqttBrokerOptions } from '../broker-options.js';
import {
  PublicationLog,
  type LogEntry,
  type LoggedPublication,
  type LogReader,
  type ShareHolding,
  type SharePresence,
} from '../cluster/publication-log.js';
import {
  SessionHold,
  SessionStore,
  type SessionChange,
  type SessionClaim,
  type SessionHolder,
  type StoredSession,
} from '../cluster/session-store.js';
import type { TestCluster } from './cluster-contract.js';
import { startBroker } from './test-broker.js';
import { tick } from './test-client.js';

type NewEntry =
  | { kind: 'publication'; publication: LoggedPublication }
  | { kind: 'share'; share: string; presence: SharePresence };

interface Kept {
  broker: string;
  /** Undefined: nothing that outlives the connection. */
  session: StoredSession;
  durable: boolean;
  hold: MemoryHold;
}

/** What brokers share, in memory; a broker can be made to stop as if its process were killed. */
export class MemoryCluster implements TestCluster {
  readonly entries: LogEntry[] = [];
  readonly retained = new Map<string, LoggedPublication>();
  readonly shares = new Map<string, ShareHolding>();
  readonly sessions = new Map<string, Kept>();
  readonly logs = new Map<string, MemoryLog>();
  readonly stores = new Map<string, MemorySessionStore>();

  /** A broker of this cluster, started. */
  async broker(id: string, options: Omit<Partial<MqttBrokerOptions>, 'cluster'> = {}): Promise<MqttBroker> {
    const { hooks, limits, ...more } = options;
    const log = new MemoryLog(this, id);
    const sessions = new MemorySessionStore(this, log);
    const broker = startBroker(hooks, limits, { ...more, cluster: { log, sessions } });
    await sessions.started;
    return broker;
  }

  /** The broker reads and writes nothing more, as if it were killed; what it did not read is not lost. */
  kill(id: string): Promise<void> {
    this.logs.get(id)!.dead = true;
    return Promise.resolve();
  }

  /** Another broker finds out, and takes its sessions over. */
  async inherit(dead: string, heir: string): Promise<void> {
    for (const [share, holding] of this.shares) {
      if (holding.broker === dead)
        this.append(dead, { kind: 'share', share: share.split('\0')[0]!, presence: 'none' });
    }
    const after = this.logs.get(dead)!.delivered;
    this.logs.delete(dead);
    const upTo = this.entries.length;
    for (const [clientId, kept] of this.sessions) {
      if (kept.broker === dead) await this.stores.get(heir)!.adopt(clientId, kept);
    }
    await this.stores.get(heir)!.left(dead, after, upTo);
  }

  settle(): Promise<void> {
    return tick(10);
  }

  knows(clientId: string): Promise<boolean> {
    return Promise.resolve(this.sessions.has(clientId));
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }

  append(origin: string, entry: NewEntry): number {
    const position = this.entries.length + 1;
    this.entries.push({ position, origin, ...entry });
    if (entry.kind === 'share') {
      const { share, presence } = entry;
      this.shares.set(`${share}\0${origin}`, { share, broker: origin, presence });
    } else if (entry.publication.retain && entry.publication.share === undefined) {
      const { topic, payload } = entry.publication;
      if (payload.length > 0) this.retained.set(topic, entry.publication);
      else this.retained.delete(topic);
    }
    for (const log of this.logs.values()) log.wake();
    return position;
  }
}

export class MemoryLog extends PublicationLog {
  readonly congested = false;
  dead = false;
  delivered = 0;
  private reader: LogReader | undefined;

  constructor(
    private readonly cluster: MemoryCluster,
    readonly id: string,
  ) {
    super();
  }

  get shared(): boolean {
    return this.cluster.logs.size > 1;
  }

  start(reader: LogReader): Promise<void> {
    this.reader = reader;
    this.cluster.logs.set(this.id, this);
    this.delivered = this.cluster.entries.length;
    reader.shares([...this.cluster.shares.values()], this.delivered);
    reader.retained([...this.cluster.retained.values()]);
    return Promise.resolve();
  }

  append(publication: LoggedPublication): Promise<number> {
    const own = { ...publication, payload: Buffer.from(publication.payload) };
    return this.later({ kind: 'publication', publication: own });
  }

  announce(share: string, presence: SharePresence): Promise<number> {
    return this.later({ kind: 'share', share, presence });
  }

  async *range(after: number, upTo: number): AsyncIterable<LogEntry> {
    for (const entry of this.cluster.entries.slice(after, upTo)) {
      await Promise.resolve();
      yield entry;
    }
  }

  stop(): Promise<void> {
    this.dead = true;
    this.cluster.logs.delete(this.id);
    return Promise.resolve();
  }

  wake(): void {
    setImmediate(() => {
      for (const entry of this.cluster.entries.slice(this.delivered)) {
        if (this.dead) return;
        this.delivered = entry.position;
        this.reader?.entry(entry);
      }
    });
  }

  private later(entry: NewEntry): Promise<number> {
    return new Promise((resolve) => {
      setImmediate(() => {
        if (!this.dead) resolve(this.cluster.append(this.id, entry));
      });
    });
  }
}

class MemoryHold extends SessionHold {
  constructor(
    private readonly store: MemorySessionStore,
    readonly clientId: string,
  ) {
    super();
  }

  record(change: SessionChange): void {
    this.store.record(this, change);
  }

  flushed(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  end(): void {
    this.store.end(this);
  }
}

export class MemorySessionStore extends SessionStore {
  readonly started: Promise<void>;
  private holder: SessionHolder | undefined;
  private resolveStarted: () => void = () => {};

  constructor(
    private readonly cluster: MemoryCluster,
    private readonly log: MemoryLog,
  ) {
    super();
    this.started = new Promise((resolve) => (this.resolveStarted = resolve));
  }

  start(holder: SessionHolder): Promise<void> {
    this.holder = holder;
    this.cluster.stores.set(this.log.id, this);
    this.resolveStarted();
    return Promise.resolve();
  }

  async claim(clientId: string, fresh: boolean): Promise<SessionClaim> {
    const yielded = await this.yieldedBy(this.cluster.sessions.get(clientId)?.broker, clientId);
    const kept = this.cluster.sessions.get(clientId);
    const wanted = kept && !fresh && (kept.durable || kept.session.will) ? kept : undefined;
    const stored = wanted && { ...wanted.session, formerBroker: yielded ? undefined : wanted.broker };
    return { hold: this.keep(clientId, stored), stored };
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }

  private async yieldedBy(broker: string | undefined, clientId: string): Promise<boolean> {
    if (broker === undefined || broker === this.log.id) return true;
    if (this.cluster.logs.get(broker)?.dead !== false) return false;
    await this.cluster.stores.get(broker)!.holder!.yield(clientId);
    return true;
  }

  async adopt(clientId: string, { session, broker, durable }: Kept): Promise<void> {
    const stored = { ...session, formerBroker: broker, expiryInterval: durable ? session.expiryInterval : 0 };
    await this.holder!.adopt(clientId, { hold: this.keep(clientId, stored), stored });
  }

  left(broker: string, after: number, upTo: number): Promise<void> {
    return this.holder!.left(broker, after, upTo);
  }

  record(hold: MemoryHold, change: SessionChange): void {
    const kept = this.cluster.sessions.get(hold.clientId);
    if (this.log.dead || kept?.hold !== hold) return;
    kept.session.position = this.log.delivered;
    applyChange(kept, structuredClone(change));
  }

  end(hold: MemoryHold): void {
    if (this.log.dead || this.cluster.sessions.get(hold.clientId)?.hold !== hold) return;
    this.cluster.sessions.delete(hold.clientId);
  }

  private keep(clientId: string, stored: StoredSession | undefined): MemoryHold {
    const hold = new MemoryHold(this, clientId);
    const session = stored ?? newSession(this.log.delivered);
    this.cluster.sessions.set(clientId, {
      broker: this.log.id,
      session: { ...session, messages: new Map(session.messages) },
      durable: session.expiryInterval > 0,
      hold,
    });
    return hold;
  }
}

function newSession(position: number): StoredSession {
  return {
    identity: '',
    expiryInterval: 0,
    offlineSince: undefined,
    position,
    formerBroker: '',
    subscriptions: [],
    messages: new Map(),
    received: [],
    will: undefined,
  };
}

function applyChange(kept: Kept, change: SessionChange): void {
  const { session } = kept;
  switch (change.op) {
    case 'attached':
      session.identity = change.identity;
      session.expiryInterval = change.expiryInterval;
      session.offlineSince = undefined;
      session.will = change.will && { ...change.will, payload: Buffer.from(change.will.payload) };
      kept.durable = change.expiryInterval > 0;
      break;
    case 'parked':
      session.offlineSince = change.at;
      session.expiryInterval = change.expiryInterval;
      if (!change.willWaits) session.will = undefined;
      break;
    case 'subscribed':
      removeSubscription(session, change.subscription.filter);
      session.subscriptions.push(change.subscription);
      break;
    case 'unsubscribed':
      removeSubscription(session, change.filter);
      break;
    case 'received':
      session.received.push(change.packetId);
      break;
    case 'forgotten':
      session.received = session.received.filter((id) => id !== change.packetId);
      break;
    default:
      applyToMessage(session, change);
  }
}

function applyToMessage(session: StoredSession, change: SessionChange & { key: number }): void {
  const message = session.messages.get(change.key);
  if (change.op === 'queued') session.messages.set(change.key, buffered(change.message));
  else if (change.op === 'done') session.messages.delete(change.key);
  else if (change.op === 'sent' && message) message.packetId = change.packetId;
  else if (message) message.released = true;
}

/** A structured clone makes plain byte arrays of buffers. */
function buffered<T extends { publication: LoggedPublication }>(message: T): T {
  message.publication.payload = Buffer.from(message.publication.payload);
  return message;
}

function removeSubscription(session: StoredSession, filter: string): void {
  session.subscriptions = session.subscriptions.filter((each) => each.filter !== filter);
}
