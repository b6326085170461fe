import { setTimeout as sleep } from 'node:timers/promises';
import {
  type LogEntry,
  type LoggedPublication,
  type LogReader as EngineReader,
  PublicationLog,
  type ShareHolding,
  type SharePresence,
} from '@carillon/mqtt-broker';
import { type RedisClient, runScript } from '@carillon/redis';
import type { ClusterContext } from './cluster-context.js';
import {
  logEntry,
  type RawEntry,
  rawEntries,
  shareBody,
  type StreamRows,
  type Yielding,
  yielding,
  yieldingBody,
} from './log-entries.js';
import { entryIdOf, positionOf } from './log-positions.js';
import { LogReader } from './log-reader.js';
import { LogWriter } from './log-writer.js';
import { packPublication, unpackPublication } from './publication-codec.js';

/** How long others may take to notice that a broker joined, ms; who takes longer counts as gone soon anyhow. */
const JOIN_PATIENCE_MS = 3_000;
const JOIN_POLL_MS = 20;
const STOP_PATIENCE_MS = 2_000;
const PAGE = 500;

type BinaryCommands = {
  hscanBuffer(key: string, cursor: string, ...args: (string | number)[]): Promise<[Buffer, Buffer[]]>;
  xrangeBuffer(key: string, from: string, to: string, ...args: (string | number)[]): Promise<StreamRows>;
};

/** What the session store hears of the log. */
export interface LogListener {
  /** Another broker reads the log from now on, and waits until this one says how far it is. */
  joined(): void;
  /** Another broker asks this one to yield a client id. */
  yieldAsked(clientId: string): void;
  /** A broker has yielded a client id, or never had it. */
  yielded(what: Yielding): void;
}

/** The brokers' log as one Redis stream; retained messages and shared subscriptions are kept in the same steps. */
export class RedisPublicationLog extends PublicationLog {
  readonly id: string;
  /** Of the last entry that the engine was given. */
  position = 0;
  private readonly writer: LogWriter;
  private readonly reader: LogReader;
  /** Brokers that read the log, or whose sessions still have to be inherited. */
  private readonly members = new Set<string>();
  private engine: EngineReader | undefined;
  private listener: LogListener | undefined;

  constructor(private readonly context: ClusterContext) {
    super();
    const { client, keys, brokerId, logger } = context;
    this.id = brokerId;
    const onTrouble = (reason: string): void =>
      logger.warn({ reason }, 'the log of MQTT publications is out of reach, or full: tried again');
    this.writer = new LogWriter({ client, keys, brokerId, onTrouble });
    this.reader = new LogReader(keys.mqttLog(), context.connect, (entries) => this.take(entries), onTrouble);
  }

  /** Whether an entry of the stream has been given to the engine. */
  hasRead(entryId: string): boolean {
    return positionOf(entryId) <= this.position;
  }

  get shared(): boolean {
    return this.members.size > 1;
  }

  get congested(): boolean {
    return this.writer.congested;
  }

  listen(listener: LogListener): void {
    this.listener = listener;
  }

  async start(reader: EngineReader): Promise<void> {
    this.engine = reader;
    const after = await this.join(reader);
    this.reader.start(after);
    await this.othersNoticed(positionOf(after));
  }

  append(publication: LoggedPublication): Promise<number> {
    const { retain, topic, payload, expiresAt, share } = publication;
    const body = packPublication(publication);
    if (!retain || share !== undefined) return this.writer.append({ kind: 'p', body });
    const value = payload.length > 0 ? 'set' : 'clear';
    return this.writer.append({ kind: 'p', body, key: topic, value, expiresAt });
  }

  announce(share: string, presence: SharePresence): Promise<number> {
    const body = shareBody(share, presence);
    return this.writer.append({ kind: 's', body, key: shareField(share, this.id), value: presence });
  }

  /** Asks a broker for a client id. */
  askToYield(what: Yielding): Promise<number> {
    return this.writer.append({ kind: 'y', body: yieldingBody(what) });
  }

  tellYielded(clientId: string): Promise<number> {
    return this.writer.append({ kind: 'd', body: yieldingBody({ clientId, holder: this.id }) });
  }

  async *range(after: number, upTo: number): AsyncIterable<LogEntry> {
    const { client, keys } = this.context;
    const reads = client as unknown as BinaryCommands;
    let from = after;
    while (from < upTo) {
      const rows = await reads.xrangeBuffer(
        keys.mqttLog(),
        `(${entryIdOf(from)}`,
        entryIdOf(upTo),
        'COUNT',
        PAGE,
      );
      for (const raw of rawEntries(rows)) {
        const entry = logEntry(raw);
        if (entry) yield entry;
        from = raw.position;
      }
      if (rows.length < PAGE) return;
    }
  }

  async stop(): Promise<void> {
    await this.writer.stop(STOP_PATIENCE_MS);
    await this.reader.stop();
  }

  /** Notes that all up to a position is dealt with. False: the others took this broker for dead and went on without it. */
  async checkpoint(position: number): Promise<boolean> {
    const { client, keys } = this.context;
    const names = [keys.mqttLog(), keys.mqttBrokers()];
    return (
      (await runScript<number>(client, 'checkpoint-mqtt-log', names, [this.id, entryIdOf(position)])) === 1
    );
  }

  /** After the others went on without it: as if this broker started anew. Its sessions are theirs. */
  async rejoin(): Promise<void> {
    await this.reader.stop();
    this.engine!.interrupted();
    this.reader.start(await this.join(this.engine!));
  }

  private async join(reader: EngineReader): Promise<string> {
    const { client, keys } = this.context;
    const names = [keys.mqttLog(), keys.mqttShares(), keys.mqttBrokers()];
    const [entryId, shares, brokers] = await runScript<[string, string[], string[]]>(
      client,
      'join-mqtt-log',
      names,
      [this.id],
    );
    this.members.clear();
    for (let i = 0; i < brokers.length; i += 2) this.members.add(brokers[i]!);
    this.position = positionOf(entryId);
    reader.shares(holdings(shares), this.position);
    await this.readRetained(client, reader);
    return entryId;
  }

  private async readRetained(client: RedisClient, reader: EngineReader): Promise<void> {
    const reads = client as unknown as BinaryCommands;
    let cursor = '0';
    do {
      const [next, fields] = await reads.hscanBuffer(this.context.keys.mqttRetained(), cursor, 'COUNT', PAGE);
      reader.retained(fields.filter((_, i) => i % 2 === 1).map(unpackPublication));
      cursor = next.toString();
    } while (cursor !== '0');
  }

  /** Until every live broker has read that this one is there: from then on they tell it what they route. */
  private async othersNoticed(joined: number): Promise<void> {
    const { client, keys, liveBrokers } = this.context;
    const deadline = Date.now() + JOIN_PATIENCE_MS;
    while (Date.now() < deadline) {
      const live = await liveBrokers();
      const checkpoints = Object.entries(await client.hgetall(keys.mqttBrokers()));
      const behind = checkpoints.filter(
        ([broker, at]) => broker !== this.id && live.has(broker) && positionOf(at) < joined,
      );
      if (behind.length === 0) return;
      await sleep(JOIN_POLL_MS);
    }
  }

  private take(entries: readonly RawEntry[]): void {
    for (const raw of entries) {
      if (raw.position <= this.position) continue;
      this.position = raw.position;
      const entry = logEntry(raw);
      if (entry) this.engine!.entry(entry);
      else this.ownBusiness(raw);
    }
    // Positions without an entry for the engine count too: somebody may wait for them.
    this.engine!.passed(this.position);
  }

  private ownBusiness({ kind, origin, body }: RawEntry): void {
    if (kind === 'j') {
      this.members.add(origin);
      if (origin !== this.id) this.listener?.joined();
    } else if (kind === 'l') {
      this.members.delete(origin);
    } else {
      const what = yielding(body);
      if (kind === 'd') this.listener?.yielded({ ...what, holder: origin });
      else if (what.holder === this.id) this.listener?.yieldAsked(what.clientId);
    }
  }
}

const SEPARATOR = '\0';

export const shareField = (share: string, broker: string): string => `${broker}${SEPARATOR}${share}`;

function holdings(fields: readonly string[]): ShareHolding[] {
  const found: ShareHolding[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    const at = fields[i]!.indexOf(SEPARATOR);
    found.push({
      broker: fields[i]!.slice(0, at),
      share: fields[i]!.slice(at + 1),
      presence: fields[i + 1] as SharePresence,
    });
  }
  return found;
}
