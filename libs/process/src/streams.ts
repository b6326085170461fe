import type { StreamName } from '@carillon/domain';
import { ClientRedisStreams, ServerRedisStreams, type StreamBinding } from '@carillon/queue';
import { parseReceipts, type Store } from '@carillon/persistence';
import type { ProcessContext } from './process-context.js';

/** The consumer group of all workers. */
export const WORKERS = 'workers';

const json = (data: string): unknown => JSON.parse(data);

function bindingsOf(store: Store): Record<StreamName, StreamBinding> {
  const { keys } = store;
  const lanes = store.allLanes();
  return {
    intake: { keys: lanes.map(keys.intake), parse: json, settings: { concurrency: 256 } },
    // A task is a partition's worth of deliveries: few at once keep memory flat and share the work among workers.
    'fan-out': { keys: lanes.map(keys.fanOut), parse: json, settings: { concurrency: 4 } },
    'device-events': { keys: lanes.map(keys.deviceEvents), parse: json },
    // Statistics may be a moment late: what that moment brings is read together.
    receipts: {
      keys: store.allPartitions().map(keys.receipts),
      parse: parseReceipts,
      settings: { concurrency: 512, pauseMs: 50 },
    },
  };
}

/** The server side of the work streams, for `connectMicroservice`. */
export function streamsServer(store: Store, context: ProcessContext): ServerRedisStreams {
  return new ServerRedisStreams({
    client: store.client,
    connect: context.connectBlocking,
    group: WORKERS,
    consumer: context.id,
    bindings: bindingsOf(store),
    logger: context.logger,
  });
}

/** The sending side for events that are not written by a script: what devices report. */
export function streamsClient(store: Store): ClientRedisStreams {
  return new ClientRedisStreams({
    client: store.client,
    keyFor: (pattern, data) => {
      if (pattern !== 'device-events') throw new Error(`${pattern} is written by scripts alone`);
      const { deviceId } = data as { deviceId: string };
      return store.keys.deviceEvents(store.laneOf(deviceId));
    },
  });
}
