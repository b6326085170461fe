import {
  type SessionChange,
  type SessionClaim,
  SessionHold,
  type SessionHolder,
  SessionStore,
} from '@carillon/mqtt-broker';
import { GatheredScripts } from '@carillon/redis';
import { partitionOf } from './client-partition.js';
import type { ClusterContext } from './cluster-context.js';
import { Inheritance } from './inheritance.js';
import type { Yielding } from './log-entries.js';
import { positionOf } from './log-positions.js';
import type { RedisPublicationLog } from './redis-publication-log.js';
import { type Fields, sessionRecord, storedMessages } from './session-codec.js';
import { type HeldSession, SessionWriter } from './session-writer.js';
import { Upkeep } from './upkeep.js';

/** How long a broker may take to yield a client id before it is taken from it, ms. */
const YIELD_PATIENCE_MS = 1_000;
/** A client id that changes hands more often than this while it is claimed is somebody else's problem. */
const MAX_ATTEMPTS = 6;
const STOP_PATIENCE_MS = 3_000;

type ClaimReply = [1, number, Fields, Fields] | [0, Buffer];

export interface ClaimedSession extends SessionClaim {
  hold: RedisSessionHold;
  /** Publications may come for it while its client is away. */
  routed: boolean;
}

/** MQTT sessions in Redis, each in the partition of its client id. */
export class RedisSessionStore extends SessionStore {
  private readonly scripts: GatheredScripts;
  private readonly writer: SessionWriter;
  private readonly upkeep: Upkeep;
  private readonly holds = new Map<string, RedisSessionHold>();
  /** Ended here, and perhaps not yet in Redis. */
  private readonly ending = new Set<string>();
  private readonly awaited = new Map<string, () => void>();
  private holder: SessionHolder | undefined;

  constructor(
    private readonly context: ClusterContext,
    private readonly log: RedisPublicationLog,
  ) {
    super();
    this.scripts = new GatheredScripts(context.client, { binary: true });
    this.writer = new SessionWriter(
      context,
      this.scripts,
      () => log.position,
      (session) => this.lost(session),
    );
    this.upkeep = new Upkeep(context, {
      checkpoint: () => this.checkpoint(),
      inherit: () => this.inherit(),
    });
  }

  /** Sessions of brokers that were gone at the start have been taken over. */
  get started(): boolean {
    return this.upkeep.started;
  }

  /** Takes over what brokers left that are gone. */
  inherit(): Promise<void> {
    return new Inheritance(this.context, this).round();
  }

  async start(holder: SessionHolder): Promise<void> {
    this.holder = holder;
    this.log.listen({
      joined: () => this.context.supervise('noticing an MQTT broker', this.checkpoint()),
      yieldAsked: (clientId) => this.context.supervise('yielding an MQTT session', this.yield(clientId)),
      yielded: (what) => this.awaited.get(yieldKey(what))?.(),
    });
    await this.upkeep.start();
  }

  async claim(clientId: string, fresh: boolean): Promise<SessionClaim> {
    if (this.ending.has(clientId)) await this.writer.flushed();
    let from = '';
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const claim = await this.claimFrom(clientId, from, fresh);
      if ('hold' in claim) return claim;
      from = (await this.yieldedBy(claim.holder, clientId)) ? '' : claim.holder;
    }
    throw new Error(`the session of ${clientId} changes hands all the time`);
  }

  async stop(): Promise<void> {
    await this.upkeep.stop();
    await this.writer.stop(STOP_PATIENCE_MS);
  }

  /** Takes a client id from one broker ('' for nobody), or says who else has it. */
  async claimFrom(
    clientId: string,
    former: string,
    fresh: boolean,
  ): Promise<ClaimedSession | { holder: string }> {
    const { keys, brokerId } = this.context;
    const partition = partitionOf(keys, clientId);
    const reply = await this.scripts.run<ClaimReply>(
      'claim-mqtt-session',
      [
        keys.mqttSession(partition, clientId),
        keys.mqttMessages(partition, clientId),
        keys.mqttHeld(partition, brokerId),
        keys.mqttHeld(partition, former),
      ],
      [clientId, brokerId, former, fresh ? 1 : 0, Date.now()],
    );
    if (reply[0] === 0) return { holder: reply[1].toString() };
    const [, epoch, fields, messages] = reply;
    const hold = new RedisSessionHold(this, clientId, epoch, fields.length === 0);
    this.holds.set(clientId, hold);
    const { session, routed } = sessionRecord(fields);
    // One that ended with its connection had nothing to keep but a will.
    if (session.expiryInterval === 0 && !session.will) return { hold, stored: undefined, routed };
    if (former !== '') session.position = Math.max(session.position, await this.checkpointOf(former));
    hold.expiryInterval = session.expiryInterval;
    const formerBroker = former === '' ? undefined : former;
    return { hold, stored: { ...session, messages: storedMessages(messages), formerBroker }, routed };
  }

  adopt(clientId: string, claim: SessionClaim): Promise<void> {
    return this.holder!.adopt(clientId, claim);
  }

  left(broker: string, after: number, upTo: number): Promise<void> {
    return this.holder!.left(broker, after, upTo);
  }

  record(hold: RedisSessionHold, change: SessionChange): void {
    if (this.holds.get(hold.clientId) === hold) this.writer.changesOf(hold).add(change);
  }

  flushed(): Promise<void> {
    return this.writer.flushed();
  }

  end(hold: RedisSessionHold): void {
    if (!this.letGo(hold)) return;
    this.writer.changesOf(hold).fate = 'end';
    this.ending.add(hold.clientId);
    const written = this.writer.flushed().then(() => this.ending.delete(hold.clientId));
    this.context.supervise('ending an MQTT session', written);
  }

  /** Nobody holds it from then on; if nobody claims it, it goes when its time is over. */
  release(hold: RedisSessionHold, lifeMs: number): void {
    if (!this.letGo(hold)) return;
    const changes = this.writer.changesOf(hold);
    changes.fate = 'release';
    changes.life = Math.max(1, Math.ceil(lifeMs));
  }

  private letGo(hold: RedisSessionHold): boolean {
    return this.holds.get(hold.clientId) === hold && this.holds.delete(hold.clientId);
  }

  private async yield(clientId: string): Promise<void> {
    await this.holder!.yield(clientId);
    const hold = this.holds.get(clientId);
    if (hold) this.release(hold, hold.expiryInterval * 1000);
    await this.writer.flushed();
    await this.log.tellYielded(clientId);
  }

  /**
   * True when nobody holds it any more; false when it is to be taken by force. One that is taken for dead is asked too: if it lives, it has to end its
   * connection [MQTT-3.1.4-3].
   */
  private async yieldedBy(holder: string, clientId: string): Promise<boolean> {
    if (holder === '' || holder === this.context.brokerId) return false;
    const asked = { clientId, holder };
    const answer = (await this.context.liveBrokers()).has(holder) && this.answerTo(asked);
    this.context.supervise('asking for an MQTT session', this.log.askToYield(asked));
    return answer;
  }

  private answerTo(asked: Yielding): Promise<boolean> {
    const key = yieldKey(asked);
    return new Promise((resolve) => {
      const timer = setTimeout(() => settle(false), YIELD_PATIENCE_MS);
      const settle = (yielded: boolean): void => {
        clearTimeout(timer);
        this.awaited.delete(key);
        resolve(yielded);
      };
      this.awaited.set(key, () => settle(true));
    });
  }

  private lost(session: HeldSession): void {
    if (this.letGo(session as RedisSessionHold)) this.holder!.lost(session.clientId);
  }

  /** Everything up to here is with the sessions, and what they made of it in Redis. */
  private async checkpoint(): Promise<void> {
    const { position } = this.log;
    await this.writer.flushed();
    if (await this.log.checkpoint(position)) return;
    await this.log.rejoin();
  }

  /** Position of the last entry that a broker is known to have dealt with. */
  async checkpointOf(broker: string): Promise<number> {
    const { client, keys } = this.context;
    const entryId = await client.hget(keys.mqttBrokers(), broker);
    return entryId === null ? 0 : positionOf(entryId);
  }
}

/** A session that ends with its connection, without a will: nobody who takes over its client id has to know of it. */
const endsWithoutTrace = ({ expiryInterval, will }: SessionChange & { op: 'attached' }): boolean =>
  expiryInterval === 0 && will === undefined;

const yieldKey = ({ clientId, holder }: Yielding): string => `${holder}\0${clientId}`;

export class RedisSessionHold extends SessionHold implements HeldSession {
  /** Seconds, as last recorded. */
  expiryInterval = 0;

  constructor(
    private readonly store: RedisSessionStore,
    readonly clientId: string,
    readonly epoch: number,
    /** Nothing stands in Redis but that it is held. */
    private blank: boolean,
  ) {
    super();
  }

  record(change: SessionChange): void {
    if (change.op === 'attached' || change.op === 'parked') this.expiryInterval = change.expiryInterval;
    if (this.blank && change.op === 'attached' && endsWithoutTrace(change)) return;
    this.blank = false;
    this.store.record(this, change);
  }

  flushed(): Promise<void> {
    return this.store.flushed();
  }

  end(): void {
    this.store.end(this);
  }
}
