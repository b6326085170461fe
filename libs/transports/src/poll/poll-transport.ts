import {
  advance,
  carriedBy,
  CarillonError,
  type Connection,
  type ConnectionNotice,
  type DeliveryStep,
  type DeviceLogin,
  type DispatchBatch,
  envelopeJson,
  formatCursor,
  INBOX_START,
  type InboxCursor,
  type InboxEntry,
  isPassed,
  type StoredContent,
} from '@carillon/domain';
import { inSteps } from '../channel/drain-steps.js';
import { Round } from '../channel/round.js';
import { DeliveryTransport } from '../delivery-transport.js';
import type { TransportContext } from '../transport-context.js';
import { PollSession } from './poll-session.js';

export interface PollPage {
  /** Envelopes as JSON texts, oldest first. */
  readonly envelopes: readonly string[];
  /** What `after` is to be in the next request. */
  readonly cursor: InboxCursor;
}

export interface PollRequest {
  readonly after: InboxCursor;
  readonly waitMs: number;
  readonly limit: number;
  /** Fires when the client has gone. */
  readonly signal: AbortSignal;
}

const PAGE = 100;
/** Between two requests a device counts as online for so long, ms. */
const LINGER_MS = 10_000;

/** Pushes over HTTP long-poll. A device's requests that follow one another are one connection. */
export class PollTransport extends DeliveryTransport {
  readonly kind = 'poll';
  private readonly sessions = new Map<string, PollSession>();
  private readonly round = new Round(this.sessions);
  private draining = false;

  constructor(private readonly context: TransportContext) {
    super();
  }

  get deviceCount(): number {
    return this.sessions.size;
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  /** Waits until something is in the inbox above `after`, or the time is over; an answer may be empty. */
  async poll(login: DeviceLogin, request: PollRequest): Promise<PollPage> {
    await this.refuseOldCursor(login, request.after);
    let page = await this.read(login, request);
    if (page.envelopes.length > 0 || request.waitMs === 0) return page;
    if (this.draining) throw goElsewhere();
    const session = await this.session(login);
    const deadline = Date.now() + request.waitMs;
    session.enter();
    try {
      for (;;) {
        // Read after presence is claimed: what is deposited from now on wakes the session.
        const woken = session.woken();
        page = await this.read(login, { ...request, after: page.cursor });
        const left = deadline - Date.now();
        if (page.envelopes.length > 0 || left <= 0 || request.signal.aborted || session.ended) return page;
        await session.wait(woken, left, request.signal);
      }
    } finally {
      session.leave(LINGER_MS);
    }
  }

  /** Acknowledges by notification id. Unknown ids change nothing. Once fulfilled, they have left the inbox. */
  async acknowledge(login: DeviceLogin, ids: readonly string[]): Promise<void> {
    const { edgeId: edge } = this.context;
    const own = { app: login.app, deviceId: login.id, transport: this.kind, edge, at: Date.now() };
    // What is acknowledged was written, even if that step is still waiting to be recorded.
    const steps = ids.flatMap((notificationId): DeliveryStep[] => [
      { ...own, notificationId, state: 'written' },
      { ...own, notificationId, state: 'acknowledged', detail: 'ack' },
    ]);
    if (steps.length > 0) await this.context.inbox.record(steps);
  }

  /** Acknowledges everything that this transport may carry, up to a cursor. */
  async acknowledgeUpTo(login: DeviceLogin, cursor: InboxCursor): Promise<void> {
    let after = INBOX_START;
    for (;;) {
      const entries = await this.context.inbox.read(login.id, after, PAGE);
      const reached = entries.filter((entry) => isPassed(cursor, entry));
      const contents = await this.context.contents.load(login.id, idsOf(reached));
      const own = reached.filter((_, i) => contents[i] && takesPoll(contents[i]));
      await this.acknowledge(
        login,
        own.map(({ notificationId }) => notificationId),
      );
      // A page has both priorities where there are both: none reached here means none further on.
      if (reached.length === 0 || entries.length < PAGE) return;
      after = entries.reduce(advance, after);
    }
  }

  deliver(batch: DispatchBatch): void {
    for (const { targets } of batch) for (const { deviceId } of targets) this.sessions.get(deviceId)?.wake();
  }

  notice(notice: ConnectionNotice): void {
    const session = this.sessions.get(notice.deviceId);
    if (!session) return;
    if (notice.reason === 'revoked') this.forget(notice.deviceId, session);
    // Entries are read from the inbox alone: what was purged is not found.
    else if (notice.reason === 'moved') session.wake();
    else if (notice.epoch === session.epoch) {
      this.sessions.delete(notice.deviceId);
      if (notice.reason === 'taken-over') session.retire();
      else session.end();
    }
  }

  reconcile(share = 1): void {
    for (const session of this.round.next(share)) session.wake();
  }

  holds(deviceId: string, epoch: number): boolean {
    return this.sessions.get(deviceId)?.epoch === epoch;
  }

  /** Whoever polls is answered, comes again, and claims then. */
  reclaim(): Promise<void> {
    for (const [deviceId, session] of this.sessions) this.forget(deviceId, session);
    return Promise.resolve();
  }

  async drain(deadlineMs: number): Promise<void> {
    this.draining = true;
    const sessions = [...this.sessions];
    for await (const some of inSteps(sessions, deadlineMs))
      for (const [deviceId, session] of some) this.forget(deviceId, session);
    await Promise.allSettled(
      sessions.map(([deviceId, { epoch }]) => this.context.presence.release(deviceId, epoch)),
    );
  }

  private async refuseOldCursor(login: DeviceLogin, after: InboxCursor): Promise<void> {
    if (after.normal === 0) return;
    const floor = await this.context.inbox.floor(login.id);
    if (after.normal >= floor) return;
    throw new CarillonError(
      'cursor-too-old',
      `entries above cursor ${formatCursor(after)} were pushed out; begin again at ${floor}`,
      {
        extensions: { oldestCursor: formatCursor({ ...after, normal: floor }) },
      },
    );
  }

  private async read(
    login: DeviceLogin,
    { after, limit }: Pick<PollRequest, 'after' | 'limit'>,
  ): Promise<PollPage> {
    const envelopes: string[] = [];
    let cursor = after;
    for (;;) {
      const entries = await this.context.inbox.read(login.id, cursor, PAGE);
      const contents = await this.context.contents.load(login.id, idsOf(entries));
      for (const [i, entry] of entries.entries()) {
        if (envelopes.length === limit) return { envelopes, cursor };
        cursor = advance(cursor, entry);
        const content = contents[i];
        if (content && takesPoll(content)) envelopes.push(this.write(login, entry, content));
      }
      if (entries.length < PAGE) return { envelopes, cursor };
    }
  }

  private write({ app, id: deviceId }: DeviceLogin, entry: InboxEntry, content: StoredContent): string {
    const { kind: transport, context } = this;
    const { seq, notificationId } = entry;
    const { fallbackAfter } = content;
    if (fallbackAfter !== undefined) context.fallbacks.watch(deviceId, transport, entry, fallbackAfter);
    this.context.receipts.record({
      app,
      deviceId,
      notificationId,
      state: 'written',
      transport,
      edge: context.edgeId,
      at: Date.now(),
    });
    return envelopeJson(carriedBy(content, transport).contentJson, notificationId, seq);
  }

  private async session(login: DeviceLogin): Promise<PollSession> {
    const present = this.sessions.get(login.id);
    if (present) return present;
    const { presence, edgeId } = this.context;
    const claim = await presence.claim(login.id, login.credentials.tokenHash, this.kind, edgeId);
    if (!claim.ok) throw new CarillonError('unauthenticated', 'the device has another token by now');
    const { epoch } = claim;
    const session = new PollSession(epoch, () => {
      this.forget(login.id, session);
      void this.release(login.id, epoch);
    });
    this.sessions.get(login.id)?.end();
    this.sessions.set(login.id, session);
    await this.tellDisplaced(login.id, claim.displaced);
    return session;
  }

  private async tellDisplaced(deviceId: string, displaced: readonly Connection[]): Promise<void> {
    const elsewhere = displaced.filter(
      ({ edgeId, transport }) => edgeId !== this.context.edgeId || transport !== this.kind,
    );
    try {
      await this.context.tell(elsewhere, deviceId, 'taken-over');
    } catch (error) {
      // It then waits there in vain, for as long as its request does.
      this.context.logger.warn({ deviceId, error: String(error) }, 'a former connection could not be told');
    }
  }

  private forget(deviceId: string, session: PollSession): void {
    if (this.sessions.get(deviceId) === session) this.sessions.delete(deviceId);
    session.end();
  }

  private async release(deviceId: string, epoch: number): Promise<void> {
    try {
      await this.context.presence.release(deviceId, epoch);
    } catch (error) {
      this.context.logger.warn({ deviceId, error: String(error) }, 'releasing presence failed');
    }
  }
}

/** An empty answer would be followed by the next request at once, as often as the device can. */
const goElsewhere = (): CarillonError =>
  new CarillonError('unavailable', 'this edge is about to end; poll again', {
    retryAfterSeconds: 1 + Math.floor(Math.random() * 4),
  });

const idsOf = (entries: readonly InboxEntry[]): string[] =>
  entries.map(({ notificationId }) => notificationId);

const takesPoll = ({ transports, expiresAt }: StoredContent): boolean =>
  expiresAt > Date.now() && (!transports || transports.includes('poll'));
