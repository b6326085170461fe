import type { SessionHold } from '../cluster/session-store.js';
import type { Engine } from '../engine.js';
import { bequestsOf } from './legacy.js';
import { NEVER_EXPIRES, Session } from './session.js';

/** All sessions of a broker, connected or not. */
export class SessionRegistry {
  private readonly sessions = new Map<string, Session>();

  constructor(private readonly engine: Engine) {}

  get size(): number {
    return this.sessions.size;
  }

  get(clientId: string): Session | undefined {
    return this.sessions.get(clientId);
  }

  all(): Iterable<Session> {
    return this.sessions.values();
  }

  /** @param hold of its client id, where brokers share their sessions */
  create(clientId: string, hold?: SessionHold): Session {
    const session = new Session(clientId, this.engine);
    session.hold = hold;
    this.sessions.set(clientId, session);
    return session;
  }

  /** The client is back: nothing runs out any more, and a will that waited is not sent [MQTT-3.1.3-9]. */
  resume(session: Session): void {
    this.engine.wheel.cancel(session);
    session.pendingWill = undefined;
    for (const [packetId, repeats] of session.received ?? []) {
      if (repeats > 0) session.received!.set(packetId, 0);
    }
  }

  /** The connection is gone: the session ends now [MQTT-4.1.0-2], or waits [MQTT-3.1.2-23]. */
  park(session: Session): void {
    session.connection = undefined;
    session.resends = undefined;
    session.directWaiting = false;
    session.window.rewind();
    session.offlineSince = this.engine.now();
    if (session.expiryInterval === 0) this.end(session);
    else this.wait(session);
  }

  /** Without a connection, until it is resumed or runs out. */
  wait(session: Session): void {
    const { offlineSince: at, expiryInterval, pendingWill } = session;
    session.record({ op: 'parked', at, expiryInterval, willWaits: pendingWill !== undefined });
    for (const subscription of session.subscriptions?.values() ?? []) {
      this.engine.cluster?.membersChanged(subscription);
    }
    this.schedule(session);
  }

  /** Subscriptions, queue and unacknowledged messages go, those of shared subscriptions to other members; a will that waited is sent (MQTT 5.0 §3.1.3.2.2). */
  end(session: Session): void {
    const will = session.pendingWill;
    const bequests = bequestsOf(session);
    this.forget(session);
    if (this.engine.cluster) this.engine.cluster.ended(session, bequests);
    else this.engine.bequeath(bequests);
    if (will) this.engine.publishWill(session.id, will);
  }

  /** Drops the session without an end: it lives on elsewhere. */
  forget(session: Session): void {
    this.engine.wheel.cancel(session);
    session.pendingWill = undefined;
    session.durable = false;
    const subscriptions = [...(session.subscriptions?.values() ?? [])];
    for (const subscription of subscriptions) {
      this.engine.index.remove(subscription);
      this.engine.cluster?.membersChanged(subscription);
    }
    session.subscriptions = undefined;
    session.replays = undefined;
    session.received = undefined;
    session.releaseQueue();
    if (this.sessions.get(session.id) === session) this.sessions.delete(session.id);
  }

  onTimer(session: Session, now: number): void {
    if (session.connection) return;
    if (this.expiresAt(session) <= now) {
      this.engine.traffic.sessionsExpired++;
      this.end(session);
      return;
    }
    const will = session.pendingWill;
    if (will && this.willAt(session) <= now) {
      session.pendingWill = undefined;
      session.record({
        op: 'parked',
        at: session.offlineSince,
        expiryInterval: session.expiryInterval,
        willWaits: false,
      });
      this.engine.publishWill(session.id, will);
    }
    this.schedule(session);
  }

  private schedule(session: Session): void {
    const at = Math.min(this.expiresAt(session), this.willAt(session));
    if (at !== Infinity) this.engine.wheel.schedule(session, at - this.engine.now());
  }

  private expiresAt(session: Session): number {
    if (session.expiryInterval === NEVER_EXPIRES) return Infinity;
    return session.offlineSince + session.expiryInterval * 1000;
  }

  private willAt(session: Session): number {
    if (!session.pendingWill) return Infinity;
    const { willDelayInterval = 0 } = session.pendingWill.will.properties ?? {};
    return session.offlineSince + willDelayInterval * 1000;
  }
}
