import { activityByHour, type ClockOfDevice } from '@carillon/domain';
import { DeviceActivity, RedisPresence } from '@carillon/persistence';
import { devicesOf, DUMMY_CREDENTIALS, testStore, type TestStore } from '@carillon/testing';

/** When devices are in use, counted in their records. */
let test: TestStore;
let activity: DeviceActivity;
const EIGHT = Date.UTC(2027, 0, 1, 8, 30);
const NINE = Date.UTC(2027, 0, 1, 9, 30);

beforeEach(async () => {
  test = testStore();
  activity = new DeviceActivity(test.store);
  for (const id of ['a', 'b']) await devicesOf(test.store).create('default', id, {}, DUMMY_CREDENTIALS);
});
afterEach(() => test.close());

const counts = async (id: string): Promise<number[]> => {
  const device: ClockOfDevice | undefined = await devicesOf(test.store).find('default', id);
  return activityByHour(device?.activity ?? '');
};

it('counts by the hour, and what is recent counts more', async () => {
  await activity.note(['a', 'b', 'nobody'], EIGHT, 4);
  await activity.note(['a'], NINE, 1);
  expect([(await counts('a'))[8], (await counts('a'))[9], (await counts('b'))[8]]).toEqual([4, 1, 4]);
  for (let i = 0; i < 8; i++) await activity.note(['a'], NINE, 4);
  expect([(await counts('a'))[8], (await counts('a'))[9]]).toEqual([4, 33]);
  await activity.note(['a'], NINE, 4);
  expect([(await counts('a'))[8], (await counts('a'))[9]]).toEqual([2, 18]);
  expect(await devicesOf(test.store).find('default', 'nobody')).toBeUndefined();
  expect(
    await test.store.client.exists(test.store.keys.device(test.store.partitionOf('nobody'), 'nobody')),
  ).toBe(0);
});

it('counts connections', async () => {
  const presence = new RedisPresence(test.store);
  const claim = await presence.claim('a', DUMMY_CREDENTIALS.tokenHash, 'mqtt', 'e1');
  expect(claim).toMatchObject({ ok: true, displaced: [] });
  expect((await counts('a')).reduce((sum, count) => sum + count)).toBe(1);
  expect(await presence.claim('nobody', DUMMY_CREDENTIALS.tokenHash, 'mqtt', 'e1')).toEqual({ ok: false });
});
