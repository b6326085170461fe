import {
  type Connection,
  type Inbox,
  type InboxEntry,
  type NotificationContents,
  OPEN_STATES,
  type Presence,
  type StoredContent,
} from '@carillon/domain';
import type { TransportLogger } from '../transport-context.js';

/** Deliveries that are watched at once; beyond it the device gets what it missed at its next look into the inbox. */
const MAX_WATCHED = 100_000;

export interface FallbackOptions {
  readonly inbox: Inbox;
  readonly presence: Presence;
  readonly contents: NotificationContents;
  /** Hints to the edges of these connections that there is something to read. */
  readonly hint: (
    connections: readonly Connection[],
    deviceId: string,
    entry: InboxEntry,
    content: StoredContent,
  ) => Promise<void>;
  readonly logger: TransportLogger;
}

/**
 * What was written with `fallbackAfter` and is not acknowledged by then is tried over the device's other connections. A timer
 * that dies with its edge is not missed: the connection died too, and the device reads its inbox where it comes back.
 */
export class Fallbacks {
  private readonly timers = new Set<NodeJS.Timeout>();

  constructor(private readonly options: FallbackOptions) {}

  /** @param after seconds */
  watch(deviceId: string, transport: string, entry: InboxEntry, after: number): void {
    if (this.timers.size >= MAX_WATCHED) return;
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      void this.fallBack(deviceId, transport, entry);
    }, after * 1_000);
    this.timers.add(timer);
  }

  close(): void {
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
  }

  private async fallBack(deviceId: string, transport: string, entry: InboxEntry): Promise<void> {
    const { inbox, contents, presence } = this.options;
    try {
      const delivery = await inbox.delivery(entry.notificationId, deviceId);
      if (!delivery || !OPEN_STATES.includes(delivery.state)) return;
      const [content] = await contents.load(deviceId, [entry.notificationId]);
      if (!content) return;
      const connections = await presence.connections(deviceId);
      const others = connections.filter((each) => each.transport !== transport && mayCarry(content, each));
      await this.options.hint(others, deviceId, entry, content);
    } catch (error) {
      this.options.logger.warn({ deviceId, error: String(error) }, 'a fallback could not be tried');
    }
  }
}

const mayCarry = ({ transports }: StoredContent, { transport }: Connection): boolean =>
  !transports || (transports as readonly string[]).includes(transport);
