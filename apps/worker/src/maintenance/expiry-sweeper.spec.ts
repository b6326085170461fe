import { newNotificationId } from '@carillon/domain';
import { RedisInbox, RedisNotifications } from '@carillon/persistence';
import { devicesOf, DUMMY_CREDENTIALS, testStore, type TestStore } from '@carillon/testing';
import { ExpirySweeper } from './expiry-sweeper.js';

const HOUR = 3_600_000;
const app = 'default';
let test: TestStore;
let inbox: RedisInbox;
let notifications: RedisNotifications;
let sweeper: ExpirySweeper;

beforeEach(async () => {
  test = testStore();
  inbox = new RedisInbox(test.store, { maxAge: HOUR });
  notifications = new RedisNotifications(test.store);
  sweeper = new ExpirySweeper(inbox, notifications);
  await devicesOf(test.store).create(app, 'early', {}, DUMMY_CREDENTIALS);
  await devicesOf(test.store).create(app, 'late', {}, DUMMY_CREDENTIALS);
});
afterEach(() => test.close());

/** Accepts a notification that lives for so long, and deposits it now, and an hour and a half later. */
async function deposited(ttl: number): Promise<{ id: string; at: number }> {
  const at = Date.now();
  const id = newNotificationId(at);
  const expiresAt = at + ttl * 1_000;
  const audience = { device: ['early', 'late'] };
  await notifications.accept({ id, app, audience, kind: 'message', acceptedAt: at, at, ttl, expiresAt });
  const deposit = { app, notificationId: id, expiresAt, onlineOnly: false };
  await inbox.deposit(deposit, ['early'], at);
  await inbox.deposit(deposit, ['late'], at + 1.5 * HOUR);
  return { id, at };
}

const last = async (id: string, device: string) => (await inbox.delivery(id, device))?.steps.at(-1);

it('drops what is too old for an inbox, each delivery at its own time, with a receipt', async () => {
  const { id, at } = await deposited(7 * 86_400);
  await sweeper.sweep(at + HOUR - 1_000);
  expect((await last(id, 'early'))?.state).toBe('queued');
  await sweeper.sweep(at + 2.6 * HOUR);
  expect(await last(id, 'early')).toMatchObject({ state: 'dropped', detail: 'too old for an inbox' });
  expect(await last(id, 'late')).toMatchObject({ state: 'dropped' });
  expect(await inbox.partitionsWithExpired(at + 999 * HOUR)).toEqual([]);
});

it('looks again at what is not old enough yet', async () => {
  const { id, at } = await deposited(7 * 86_400);
  await sweeper.sweep(at + 2 * HOUR);
  expect([(await last(id, 'early'))?.state, (await last(id, 'late'))?.state]).toEqual(['dropped', 'queued']);
  await sweeper.sweep(at + 2.6 * HOUR);
  expect((await last(id, 'late'))?.state).toBe('dropped');
});

it('says expired of what has expired', async () => {
  const { id, at } = await deposited(1_800);
  await sweeper.sweep(at + 3 * HOUR);
  expect((await last(id, 'early'))?.state).toBe('expired');
});
