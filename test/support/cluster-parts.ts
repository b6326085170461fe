import type { RedisInbox, RedisNotifications, Store } from '@carillon/persistence';
import { Dispatcher, DispatchPublisher, EdgeRegistry, Recaller } from '@carillon/persistence';

/** Takes two notifications back, of which 40 devices each wait for the first and have the second. */
export async function recallBoth(
  store: Store,
  { notifications, inbox }: { notifications: RedisNotifications; inbox: RedisInbox },
  [waiting, arrived]: readonly string[],
): Promise<void> {
  const dispatcher = new Dispatcher(new EdgeRegistry(store), new DispatchPublisher(store));
  const recaller = new Recaller(store, notifications, inbox, dispatcher);
  const recall = async (id: string) => recaller.recall((await notifications.find(id))!, Date.now());
  expect(await recall(waiting!)).toMatchObject({ withdrawn: 40, told: 0 });
  expect(await recall(arrived!)).toMatchObject({ withdrawn: 0, told: 40 });
  expect(await inbox.counts(waiting!, store.allPartitions())).toMatchObject({ recalled: 40, pending: 0 });
}
