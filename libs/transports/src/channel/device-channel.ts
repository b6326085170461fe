import {
  advance,
  carriedBy,
  type DeliveryState,
  type DispatchTarget,
  envelopeJson,
  INBOX_START,
  type InboxEntry,
  isPassed,
  type StoredContent,
  type TransportKind,
} from '@carillon/domain';
import type { TransportContext } from '../transport-context.js';

/** One delivery on its way to a connection. */
export interface OutgoingDelivery {
  readonly notificationId: string;
  readonly seq: number;
  /** The envelope's JSON. */
  readonly envelope: string;
  readonly content: StoredContent;
}

export type WriteOutcome = 'written' | 'window-full' | 'too-large' | 'unsupported' | 'closed';

/** The connection behind a channel. */
export interface ChannelLink {
  readonly deviceId: string;
  readonly app: string;
  readonly transport: TransportKind;
  /** Notifications that the connection has in flight from before (a resumed session). */
  readonly pending: ReadonlySet<string>;
  write(delivery: OutgoingDelivery): WriteOutcome;
}

const PAGE = 64;
const RETRY_MS = 1_000;

/**
 * Brings a device's inbox to one connection, in order and each entry once. Everything above the cursor is still to be
 * written; a hint is written straight away when it is the very next entry, else the inbox is read. A full window stops
 * it until something is acknowledged, so memory is bounded by the window.
 */
export class DeviceChannel {
  private cursor = INBOX_START;
  private reading = false;
  private again = false;
  private blocked = false;
  private closed = false;
  private retry: NodeJS.Timeout | undefined;

  constructor(
    private readonly link: ChannelLink,
    private readonly context: TransportContext,
  ) {}

  /** Reads the inbox from where the channel stands. */
  wake(): void {
    this.again = true;
    if (this.reading || this.blocked || this.closed) return;
    this.reading = true;
    void this.run();
  }

  hint({ seq, previousSeq }: DispatchTarget, content: StoredContent): void {
    const { id: notificationId, priority = 'normal' } = content;
    const entry = { seq, priority, notificationId };
    if (this.closed || (isPassed(this.cursor, entry) && !this.reading)) return;
    if (this.reading || this.blocked || previousSeq > this.cursor[priority]) this.wake();
    else if (!this.offer(entry, content)) this.blocked = true;
  }

  /** Whatever stood up to this place is not for this device any more. */
  passOver(upTo: number): void {
    const { high, normal, streak } = this.cursor;
    this.cursor = { high: Math.max(high, upTo), normal: Math.max(normal, upTo), streak };
  }

  /** Something was acknowledged: there may be room in the window. */
  windowOpened(): void {
    if (!this.blocked) return;
    this.blocked = false;
    this.wake();
  }

  /** Looks again, whatever it waits for. */
  reconcile(): void {
    this.blocked = false;
    this.wake();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.retry);
  }

  private async run(): Promise<void> {
    try {
      while (this.again && !this.blocked && !this.closed) {
        this.again = false;
        await this.drain();
      }
    } catch (error) {
      this.retryLater(error);
    } finally {
      this.reading = false;
    }
  }

  private retryLater(error: unknown): void {
    if (this.closed) return;
    const { deviceId } = this.link;
    this.context.logger.warn(
      { deviceId, error: String(error) },
      'reading an inbox failed and is tried again',
    );
    this.retry = setTimeout(() => this.wake(), RETRY_MS);
  }

  private async drain(): Promise<void> {
    const { inbox, contents } = this.context;
    while (!this.closed) {
      const entries = await inbox.read(this.link.deviceId, this.cursor, PAGE);
      if (entries.length === 0) return;
      const loaded = await contents.load(
        this.link.deviceId,
        entries.map(({ notificationId }) => notificationId),
      );
      for (const [i, entry] of entries.entries()) {
        if (this.offer(entry, loaded[i])) continue;
        this.blocked = true;
        return;
      }
      if (entries.length < PAGE) return;
    }
  }

  /** @returns false when the entry has to wait */
  private offer(entry: InboxEntry, content: StoredContent | undefined): boolean {
    if (this.closed) return false;
    const state = this.dispose(entry, content);
    if (state === 'waits') return false;
    this.cursor = advance(this.cursor, entry);
    if (state !== 'passed-over') this.record(entry.notificationId, state.state, state.detail);
    return true;
  }

  /** Writes an entry, or says why it is not to be written here. */
  private dispose(
    entry: InboxEntry,
    content: StoredContent | undefined,
  ): 'waits' | 'passed-over' | { state: DeliveryState; detail?: string } {
    const { seq, notificationId } = entry;
    if (isPassed(this.cursor, entry) || this.link.pending.has(notificationId)) return 'passed-over';
    if (!content) return { state: 'expired', detail: 'no longer kept' };
    // The sweeper closes it for good; until then it is just not written any more.
    if (content.expiresAt <= Date.now()) return 'passed-over';
    if (content.transports && !content.transports.includes(this.link.transport)) return 'passed-over';
    const carried = carriedBy(content, this.link.transport);
    const envelope = envelopeJson(carried.contentJson, notificationId, seq);
    const outcome = this.link.write({ notificationId, seq, envelope, content: carried });
    if (outcome === 'written') return this.written(entry, content);
    if (outcome === 'too-large') return { state: 'failed', detail: 'larger than the client takes' };
    if (outcome === 'unsupported') return { state: 'failed', detail: 'the client has no form for it' };
    return 'waits';
  }

  private written(entry: InboxEntry, { fallbackAfter }: StoredContent): { state: DeliveryState } {
    const { deviceId, transport } = this.link;
    if (fallbackAfter !== undefined) this.context.fallbacks.watch(deviceId, transport, entry, fallbackAfter);
    return { state: 'written' };
  }

  private record(notificationId: string, state: DeliveryState, detail?: string): void {
    const { deviceId, app, transport } = this.link;
    const { receipts, edgeId: edge } = this.context;
    receipts.record({ app, deviceId, notificationId, state, transport, edge, detail, at: Date.now() });
  }
}
