import {
  type Connection,
  type DispatchTarget,
  type Notification,
  type OnlineDeposit,
  overridesJson,
  type StoredContent,
} from '@carillon/domain';
import { type DeviceContent, specificContent } from '../content/device-contents.js';
import { contentJsonOf } from '../notifications/content-json.js';
import type { DispatchPublisher } from './dispatch-publisher.js';
import type { EdgeRegistry } from './edge-registry.js';

/** Tells the edges of connected devices that there is something new: the notification once, and the devices. */
export class Dispatcher {
  constructor(
    private readonly edges: EdgeRegistry,
    private readonly publisher: DispatchPublisher,
  ) {}

  /** @param contents what each device gets, where it is not the same for all */
  async dispatch(
    notification: Notification,
    online: readonly OnlineDeposit[],
    contents?: ReadonlyMap<string, DeviceContent>,
  ): Promise<void> {
    if (online.length === 0) return;
    const live = await this.edges.live(Date.now());
    const base = contentOf(notification);
    const groups = groupBy(online, ({ deviceId }) => contents?.get(deviceId)?.key ?? '');
    await Promise.all(
      [...groups.values()].map(async (group) => {
        const own = contents?.get(group[0]!.deviceId);
        // One whose content is not at hand is told by its next look into its inbox.
        if (contents && !own) return;
        await this.publish(own ? specificContent(base, own) : base, group, notification, live);
      }),
    );
  }

  private async publish(
    content: StoredContent,
    online: readonly OnlineDeposit[],
    notification: Notification,
    live: ReadonlySet<string>,
  ): Promise<void> {
    const byEdge = new Map<string, DispatchTarget[]>();
    for (const deposit of online) {
      const connection = choose(deposit.connections, notification, live);
      if (!connection) continue;
      const targets = byEdge.get(connection.edgeId);
      const target = targetOf(deposit, connection);
      if (targets) targets.push(target);
      else byEdge.set(connection.edgeId, [target]);
    }
    await Promise.all(
      [...byEdge].map(([edgeId, targets]) => this.publisher.publish(edgeId, { content, targets })),
    );
  }
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}

/**
 * The newest connection over a transport that the notification may take, on an edge that lives. A standing connection goes
 * before a poll, which may be just between two requests.
 */
function choose(
  connections: readonly Connection[],
  { transports }: Notification,
  live: ReadonlySet<string>,
): Connection | undefined {
  const usable = connections.filter(
    ({ transport, edgeId }) =>
      live.has(edgeId) && (!transports || (transports as readonly string[]).includes(transport)),
  );
  return usable.find(({ transport }) => transport !== 'poll') ?? usable[0];
}

function targetOf({ deviceId, seq, previousSeq }: OnlineDeposit, connection: Connection): DispatchTarget {
  const { transport, epoch } = connection;
  return { deviceId, transport, epoch, seq, previousSeq };
}

function contentOf(notification: Notification): StoredContent {
  const { id, app, expiresAt, transports, priority, requireAck, fallbackAfter } = notification;
  const contentJson = contentJsonOf(notification);
  const overrides = overridesJson(notification);
  return {
    id,
    app,
    expiresAt,
    contentJson,
    ...(overrides && { overrides }),
    ...(transports && { transports }),
    ...(priority && { priority }),
    ...(requireAck && { requireAck }),
    ...(fallbackAfter !== undefined && { fallbackAfter }),
  };
}
