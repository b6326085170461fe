import type { Connection, Dispatch, InboxEntry, StoredContent } from '@carillon/domain';
import type { DispatchPublisher } from './dispatch-publisher.js';

/** Tells connections of a device to look into its inbox: what they have written already they do not write again. */
export function hintConnections(publisher: DispatchPublisher) {
  return async (
    connections: readonly Connection[],
    deviceId: string,
    { seq }: InboxEntry,
    content: StoredContent,
  ): Promise<void> => {
    const hints = connections.map(({ edgeId, transport, epoch }) => {
      // A place before it that nobody has come to yet: the inbox has to be read.
      const target = { deviceId, transport, epoch, seq, previousSeq: Number.MAX_SAFE_INTEGER };
      return publisher.publish(edgeId, { content, targets: [target] } satisfies Dispatch);
    });
    await Promise.all(hints);
  };
}
