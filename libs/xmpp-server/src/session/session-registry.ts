import { randomBytes } from 'node:crypto';
import type { XmppLimits } from '../options.js';
import type { Session } from './session.js';

/** The sessions of this server, by account and by resumption id. */
export class SessionRegistry {
  private readonly accounts = new Map<string, Session[]>();
  private readonly resumable = new Map<string, Session>();
  /** In the order in which they lost their connection. */
  private readonly detached = new Set<Session>();

  constructor(private readonly limits: XmppLimits) {}

  ofAccount(bare: string): readonly Session[] {
    return this.accounts.get(bare) ?? [];
  }

  byFullJid(bare: string, resource: string): Session | undefined {
    return this.ofAccount(bare).find((session) => session.jid.resource === resource);
  }

  /** The available resource with the highest non-negative priority, the latest of equals (RFC 6121 §8.5.2.1.1). */
  best(bare: string): Session | undefined {
    let best: Session | undefined;
    for (const session of this.ofAccount(bare)) {
      if (!session.available || session.detached || session.priority < 0) continue;
      if (!best || session.priority >= best.priority) best = session;
    }
    return best;
  }

  /** Makes room for a resource: a holder of the same one is replaced (RFC 6120 §7.7.2.2), detached sessions give way. False when the account is full. */
  makeRoom(bare: string, resource: string): boolean {
    this.byFullJid(bare, resource)?.disconnect('conflict');
    const sessions = this.ofAccount(bare);
    if (sessions.length < this.limits.resourcesPerAccount) return true;
    const oldest = sessions.find((session) => session.detached);
    oldest?.disconnect('resource-constraint');
    return oldest !== undefined;
  }

  add(session: Session): void {
    const sessions = this.accounts.get(session.bare);
    if (sessions) sessions.push(session);
    else this.accounts.set(session.bare, [session]);
  }

  /** By identity, never by JID: a stale session that ends late must not take its successor along. */
  remove(session: Session): void {
    const left = this.ofAccount(session.bare).filter((other) => other !== session);
    if (left.length > 0) this.accounts.set(session.bare, left);
    else this.accounts.delete(session.bare);
    this.detached.delete(session);
    const id = session.window.management?.id;
    if (id !== undefined) this.resumable.delete(id);
  }

  registerForResumption(session: Session): string {
    const id = randomBytes(18).toString('base64url');
    this.resumable.set(id, session);
    return id;
  }

  /** One that another server left, and that waits to be resumed. */
  addDetached(session: Session, id: string): void {
    this.add(session);
    this.resumable.set(id, session);
    session.detachedAt = Date.now();
    this.onDetached(session);
  }

  /** A session to resume; the id counts only together with the account (XEP-0198 §5). */
  resumableBy(id: string, bare: string): Session | undefined {
    const session = this.resumable.get(id);
    return session?.bare === bare ? session : undefined;
  }

  onDetached(session: Session): void {
    this.detached.add(session);
    if (this.detached.size <= this.limits.detachedSessions) return;
    const [oldest] = this.detached;
    oldest?.disconnect('resource-constraint');
  }

  onResumed(session: Session): void {
    this.detached.delete(session);
  }

  /** Ends what waited too long. */
  sweep(now: number): void {
    for (const session of this.detached) {
      if (now - session.detachedAt < this.limits.resumeTimeoutMs) return;
      session.end('resumption-expired');
    }
  }

  endDetached(): void {
    for (const session of this.detached) session.end('system-shutdown');
  }
}
