import type { Engine } from '../engine.js';
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

  create(clientId: string): Session {
    const session = new Session(clientId, this.engine);
    this.sessions.set(clientId, session);
    return session;
  }

  /** The client is back: nothing runs out any more, and a will that waited is not sent [MQTT-3.1.3-9]. */
  resume(session: Session): void {
    this.engine.wheel.cancel(session);
    session.pendingWill = undefined;
  }

  /** The connection is gone: the session ends now [MQTT-3.1.2-23], or waits. */
  park(session: Session): void {
    session.connection = undefined;
    session.resends = undefined;
    session.directWaiting = false;
    session.window.rewind();
    session.offlineSince = this.engine.now();
    if (session.expiryInterval === 0) this.end(session);
    else this.schedule(session);
  }

  /** Subscriptions, queue and unacknowledged messages go; a will that waited is sent (MQTT 5.0 §3.1.3.2.2). */
  end(session: Session): void {
    const will = session.pendingWill;
    this.forget(session);
    if (will) this.engine.publishWill(will.client, will.will);
  }

  /** Drops the session without an end: it lives on elsewhere. */
  forget(session: Session): void {
    this.engine.wheel.cancel(session);
    session.pendingWill = undefined;
    for (const subscription of session.subscriptions?.values() ?? []) this.engine.index.remove(subscription);
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
      this.engine.publishWill(will.client, will.will);
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
    const delay = session.pendingWill?.will.properties?.willDelayInterval;
    return delay === undefined ? Infinity : session.offlineSince + delay * 1000;
  }
}
