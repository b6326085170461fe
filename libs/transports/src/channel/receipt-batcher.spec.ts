import { setTimeout as sleep } from 'node:timers/promises';
import type { DeliveryStep, Inbox } from '@carillon/domain';
import { ReceiptBatcher } from './receipt-batcher.js';

const step = (notificationId: string): DeliveryStep => ({
  app: 'default',
  notificationId,
  deviceId: 'phone',
  state: 'acknowledged',
  at: 1,
});

/** An inbox that notes what it was given. */
function recorder(): { given: string[][]; batcher: ReceiptBatcher } {
  const given: string[][] = [];
  const record = (steps: readonly DeliveryStep[]): Promise<void> => {
    given.push(steps.map(({ notificationId }) => notificationId));
    return Promise.resolve();
  };
  const logger = {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: () => undefined,
  };
  return { given, batcher: new ReceiptBatcher({ record } as unknown as Inbox, logger) };
}

it('records what came last once more when it is told to, before what comes then', async () => {
  const { given, batcher } = recorder();
  batcher.record(step('a'));
  await batcher.flush();
  batcher.record(step('b'));
  batcher.repeatRecent();
  await batcher.flush();
  expect(given).toEqual([['a'], ['a', 'b']]);
});

it('repeats nothing where nothing was recorded', async () => {
  const { given, batcher } = recorder();
  batcher.repeatRecent();
  await sleep(10);
  expect(given).toEqual([]);
});
