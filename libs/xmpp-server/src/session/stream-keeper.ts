import type { ResolvedOptions } from '../options.js';
import { packSession } from './stored-session.js';
import type { Session } from './session.js';
import type { ClaimedStream, StreamManagementStore, StreamRecord } from './stream-management-store.js';

/** Changes of so long are saved together, ms: the last of them may be missing after a server was killed. */
const GATHER_MS = 5;
const RETRY_MS = 1_000;
/** Characters of a state; more is not worth its saving with every change. */
const MAX_STATE = 65_536;
/** States outlive the promised time, so that one of a session with a connection has to be saved again only now and then. */
const SPARE = 4 / 3;

/** Saves what changes in sessions that can be resumed, so that another server can go on with them. */
export class StreamKeeper {
  private changed = new Set<Session>();
  private timer: NodeJS.Timeout | undefined;
  private saving: Promise<void> | undefined;

  constructor(
    private readonly store: StreamManagementStore,
    private readonly options: ResolvedOptions,
  ) {}

  mark(session: Session): void {
    this.changed.add(session);
    if (!this.saving) this.timer ??= setTimeout(() => void this.startSaving(), GATHER_MS);
  }

  /** Saves again what would be forgotten soon, though nothing changes. */
  keepAlive(session: Session, now: number): void {
    if (now - session.savedAt > this.ttl / 4) this.mark(session);
  }

  /** undefined as well when the store cannot tell now. */
  async claim(account: string, id: string): Promise<ClaimedStream | 'unavailable' | undefined> {
    await this.flush();
    try {
      return await this.store.claim(account, id, this.ttl);
    } catch (error) {
      this.warn(error, 'a stream could not be claimed');
      return 'unavailable';
    }
  }

  /** The session is over, and must not be resumed anywhere. */
  release(session: Session, id: string): void {
    this.changed.delete(session);
    void (this.saving ?? Promise.resolve()).then(() => this.forget(session, id));
  }

  /** Fulfilled when everything that changed before the call was saved, or could not be. */
  async flush(): Promise<void> {
    await this.saving;
    if (this.changed.size > 0) await this.startSaving();
  }

  private get ttl(): number {
    return Math.ceil(this.options.limits.resumeTimeoutMs * SPARE);
  }

  private recordOf(session: Session, saved: Map<string, Session>): StreamRecord[] {
    const { management } = session.window;
    if (management?.id === undefined) return [];
    session.savedAt = Date.now();
    const state = packSession(session, management);
    if (state.length > MAX_STATE) return this.forget(session, management.id);
    saved.set(management.id, session);
    return [{ account: session.jid.local, id: management.id, state }];
  }

  private forget({ jid }: Session, id: string): [] {
    this.store
      .release(jid.local, id)
      .catch((error: unknown) => this.warn(error, 'a stream could not be released'));
    return [];
  }

  private warn(error: unknown, message: string): void {
    this.options.logger.warn({ err: error }, message);
  }

  private startSaving(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    return (this.saving ??= this.save().then((ok) => {
      this.saving = undefined;
      if (this.changed.size > 0) this.timer = setTimeout(() => void this.startSaving(), ok ? 0 : RETRY_MS);
    }));
  }

  private async save(): Promise<boolean> {
    const sessions = [...this.changed];
    this.changed = new Set();
    const saved = new Map<string, Session>();
    const records = sessions.flatMap((session) => this.recordOf(session, saved));
    try {
      const lost = await this.store.save(records, this.ttl);
      for (const id of lost) saved.get(id)?.onClaimedElsewhere();
      return true;
    } catch (error) {
      this.warn(error, 'streams could not be saved');
      for (const session of sessions) this.changed.add(session);
      return false;
    }
  }
}
