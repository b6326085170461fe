import type { Notification } from '@carillon/domain';
import { PacedNotifications, RedisNotifications, WaitingDevices } from '@carillon/persistence';
import { testStore, type TestStore } from '@carillon/testing';
import type { Depositor } from '../../apps/worker/src/fan-out/depositor.js';
import { PacedSender } from '../../apps/worker/src/pace/paced-sender.js';

/** Turns of paced notifications, where deposits take long. */
let test: TestStore;
beforeEach(() => {
  test = testStore(64, 1);
});
afterEach(() => test.close());

const PER_PARTITION = 3;
const DEPOSIT_MS = 40;

/** As one that makes texts for each of many devices: nothing else runs meanwhile. */
class DearDepositor {
  readonly deposited: string[] = [];

  deposit(_notification: Notification, deviceIds: readonly string[]): Promise<void> {
    const over = performance.now() + DEPOSIT_MS;
    while (performance.now() < over);
    this.deposited.push(...deviceIds);
    return Promise.resolve();
  }
}

it('a step ends soon, so that a pause takes effect within a second, and the next goes on where it stopped', async () => {
  const notifications = new RedisNotifications(test.store);
  const waiting = new WaitingDevices(test.store);
  const depositor = new DearDepositor();
  const sender = new PacedSender(
    notifications,
    new PacedNotifications(test.store),
    waiting,
    depositor as unknown as Depositor,
    test.store,
  );
  const now = Date.now();
  const id = notifications.newId('default', undefined, now);
  const pace = { perSecond: undefined, ramp: undefined, windows: [], zone: 'UTC', notAfter: now + 3_600_000 };
  const notification: Notification = {
    id,
    app: 'default',
    kind: 'notification',
    title: 'x',
    audience: { everyone: true },
    acceptedAt: now,
    at: now,
    expiresAt: now + 7_200_000,
    ttl: 3_600,
    pace,
  };
  await notifications.accept(notification);
  const partitions = test.store.allPartitions();
  const names = (partition: number) => Array.from({ length: PER_PARTITION }, (_, i) => `${partition}-${i}`);
  for (const partition of partitions)
    await waiting.add(notification, partition, new Map(names(partition).map((name) => [name, now])));
  const begun = performance.now();
  expect(await sender.step(id)).toBe('more');
  expect(performance.now() - begun).toBeLessThan((partitions.length * DEPOSIT_MS) / 2);
  expect(depositor.deposited.length).toBeLessThan(partitions.length * PER_PARTITION);
  await notifications.pause(id, true, Date.now());
  const paused = depositor.deposited.length;
  expect(await sender.step(id)).toMatchObject({ until: expect.any(Number) });
  expect(depositor.deposited).toHaveLength(paused);
  await notifications.pause(id, false, Date.now());
  while (depositor.deposited.length < partitions.length * PER_PARTITION) await sender.step(id);
  expect(new Set(depositor.deposited).size).toBe(depositor.deposited.length);
});
