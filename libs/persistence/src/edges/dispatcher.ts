import {
  type Connection,
  type DispatchTarget,
  envelopeContent,
  type Notification,
  type OnlineDeposit,
  type StoredContent,
} from '@carillon/domain';
import type { DispatchPublisher } from './dispatch-publisher.js';
import type { EdgeRegistry } from './edge-registry.js';

/** Tells the edges of connected devices that there is something new: the notification once, and the devices. */
export class Dispatcher {
  constructor(
    private readonly edges: EdgeRegistry,
    private readonly publisher: DispatchPublisher,
  ) {}

  async dispatch(notification: Notification, online: readonly OnlineDeposit[]): Promise<void> {
    if (online.length === 0) return;
    const live = await this.edges.live(Date.now());
    const byEdge = new Map<string, DispatchTarget[]>();
    for (const deposit of online) {
      const connection = choose(deposit.connections, notification, live);
      if (!connection) continue;
      const targets = byEdge.get(connection.edgeId);
      const target = targetOf(deposit, connection);
      if (targets) targets.push(target);
      else byEdge.set(connection.edgeId, [target]);
    }
    const content = contentOf(notification);
    await Promise.all(
      [...byEdge].map(([edgeId, targets]) => this.publisher.publish(edgeId, { content, targets })),
    );
  }
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
  const contentJson = JSON.stringify(envelopeContent(notification));
  return {
    id,
    app,
    expiresAt,
    contentJson,
    ...(transports && { transports }),
    ...(priority && { priority }),
    ...(requireAck && { requireAck }),
    ...(fallbackAfter !== undefined && { fallbackAfter }),
  };
}
