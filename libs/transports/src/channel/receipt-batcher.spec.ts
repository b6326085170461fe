import { setTimeout as sleep } from 'node:timers/promises';
import type { DeliveryStep, Inbox } from '@carillon/domain';
import { until } from '../../../../test/support/until.js';
import { ReceiptBatcher } from './receipt-batcher.js';

const step = (notificationId: string, state: DeliveryStep['state'] = 'acknowledged'): DeliveryStep => ({
  app: 'default',
  notificationId,
  deviceId: 'phone',
  state,
  at: 1,
});

/** An inbox that notes what it was given. */
function recorder(fails = 0): { given: string[][]; batcher: ReceiptBatcher } {
  const given: string[][] = [];
  let failures = fails;
  const record = (steps: readonly DeliveryStep[]): Promise<void> => {
    if (failures-- > 0) return Promise.reject(new Error('Redis is away'));
    given.push(steps.map(({ notificationId, state }) => (state === 'written' ? '✍' : '') + notificationId));
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

it('records a write together with what follows it, in their order', async () => {
  const { given, batcher } = recorder();
  batcher.record(step('a', 'written'));
  batcher.record(step('b', 'written'));
  batcher.record(step('b'));
  await until('b is recorded', () => given.length > 0);
  expect(given[0]).toEqual(['✍b', 'b']);
});

it('records a write that nothing follows', async () => {
  const { given, batcher } = recorder();
  batcher.record(step('a', 'written'));
  batcher.record(step('a', 'written'));
  await until('it is recorded', () => given.length > 0);
  batcher.record(step('a'));
  await until('so is the rest', () => given.length > 1);
  expect(given).toEqual([['✍a'], ['a']]);
});

it('has taken writes that were held, too, when it is flushed, and again after a failure', async () => {
  const { given, batcher } = recorder(1);
  batcher.record(step('a', 'written'));
  batcher.record(step('a', 'written'));
  batcher.record(step('b'));
  await batcher.flush();
  expect(given).toEqual([['b', '✍a']]);
});
