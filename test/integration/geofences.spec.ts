import { FenceActions, type FenceCrossing, type Geofence } from '@carillon/domain';
import { type RedisDevices, RedisGeofences, RedisPositions } from '@carillon/persistence';
import { devicesOf, DUMMY_CREDENTIALS, testStore, type TestStore } from '@carillon/testing';
import { FenceCatalog } from '../../apps/worker/src/geofences/fence-catalog.js';
import { FenceWatch } from '../../apps/worker/src/geofences/fence-watch.js';
import { until } from '../support/until.js';

const APP = 'default';

class Recorded extends FenceActions {
  readonly crossings: FenceCrossing[] = [];
  failing = false;

  fire(crossing: FenceCrossing): Promise<void> {
    this.crossings.push(crossing);
    return this.failing ? Promise.reject(new Error('no')) : Promise.resolve();
  }

  get keys(): string[] {
    return this.crossings.map(
      ({ fence, deviceId, trigger, since }) => `${fence.id} ${deviceId} ${trigger} ${since}`,
    );
  }
}

let test: TestStore;
let devices: RedisDevices;
let geofences: RedisGeofences;
let positions: RedisPositions;
let actions: Recorded;
let watch: FenceWatch;

beforeEach(async () => {
  test = testStore();
  devices = devicesOf(test.store);
  geofences = new RedisGeofences(test.store);
  positions = new RedisPositions(test.store);
  actions = new Recorded();
  watch = newWatch();
  await devices.create(APP, 'd', {}, DUMMY_CREDENTIALS);
});
afterEach(() => test.close());

/** As another worker would be, which has not read the fences yet. */
const newWatch = () => new FenceWatch(positions, new FenceCatalog(geofences), actions);

const save = (fields: Partial<Geofence> = {}) =>
  geofences.save({
    id: 'shop',
    app: APP,
    area: { circle: { lat: 10, lon: 10, radius: 1_000 } },
    triggers: ['enter', 'exit', 'dwell'],
    dwellSeconds: 60,
    hysteresis: 100,
    notification: { content: { kind: 'notification', title: 'Hello' }, ttl: 60 },
    createdAt: 0,
    updatedAt: 0,
    ...fields,
  });
const inside = { lat: 10, lon: 10 };
const edge = { lat: 10.0095, lon: 10 };
const outside = { lat: 10.1, lon: 10 };
const go = (place: { lat: number; lon: number }, at: number) => watch.place(APP, 'd', { ...place, at });

it('a visit triggers each once: enter, dwell, exit; and the next visit again', async () => {
  await save();
  await go(outside, 1_000);
  await go(inside, 2_000);
  await go(inside, 3_000);
  await go(edge, 4_000);
  await go(inside, 63_000);
  await go(edge, 64_000);
  await go(outside, 65_000);
  await go(outside, 66_000);
  await go(inside, 70_000);
  expect(actions.keys).toEqual([
    'shop d enter 2000',
    'shop d dwell 2000',
    'shop d exit 2000',
    'shop d enter 70000',
  ]);
});

it('an older position changes nothing, the same one again has no second effect', async () => {
  await save();
  await go(inside, 5_000);
  await go(outside, 4_000);
  await go(inside, 5_000);
  expect(actions.keys).toEqual(['shop d enter 5000']);
  expect((await devices.find(APP, 'd'))!.position).toMatchObject(inside);
});

it('a position counts though the API knows a newer one before a worker comes to it', async () => {
  await save();
  for (const [place, at] of [
    [inside, 1_000],
    [outside, 2_000],
  ] as const)
    await positions.place(APP, 'd', { ...place, at });
  await go(inside, 1_000);
  await go(outside, 2_000);
  expect(actions.keys).toEqual(['shop d enter 1000', 'shop d exit 1000']);
  expect(await positions.visits('d')).toEqual([]);
  // One that is far older has been overtaken by more than that.
  await positions.place(APP, 'd', { ...outside, at: 200_000 });
  await go(inside, 100_000);
  expect(actions.keys).toHaveLength(2);
});

it('two workers with positions of one device leave it where it is, each visit told once', async () => {
  await save();
  let goOn: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (goOn = resolve));
  class SlowCatalog extends FenceCatalog {
    override async of(app: string) {
      await held;
      return super.of(app);
    }
  }
  const slow = new FenceWatch(positions, new SlowCatalog(geofences), actions);
  const stopped = slow.place(APP, 'd', { ...inside, at: 1_000 });
  await until('it is placed', async () => (await positions.stand('d'))?.position.at === 1_000);
  // Another worker looks at the next position before the first one has noted the visit.
  await go(outside, 2_000);
  goOn();
  await stopped;
  expect(actions.keys).toEqual(['shop d enter 1000', 'shop d exit 1000']);
  expect(await positions.visits('d')).toEqual([]);
});

it('a worker that was overtaken by a whole visit does not tell it again', async () => {
  await save();
  await positions.place(APP, 'd', { ...inside, at: 1_000 });
  await go(inside, 2_000);
  await go(outside, 3_000);
  expect(await positions.begin('d', (await geofences.find(APP, 'shop'))!, 1_000)).toBeUndefined();
  await go(inside, 1_000);
  expect(actions.keys).toEqual(['shop d enter 2000', 'shop d exit 2000']);
});

it('what failed is told again, as the same crossing', async () => {
  await save();
  actions.failing = true;
  await expect(go(inside, 1_000)).rejects.toThrow('no');
  actions.failing = false;
  await go(inside, 1_000);
  await go(inside, 2_000);
  expect(new Set(actions.keys)).toEqual(new Set(['shop d enter 1000']));
  expect(actions.keys).toHaveLength(2);
});

it('a cap bounds what one device is sent in a period', async () => {
  await save({ cap: { max: 2, seconds: 1_000 } });
  for (const at of [1_000, 100_000, 200_000]) {
    await go(inside, at);
    await go(outside, at + 1_000);
  }
  expect(actions.keys).toEqual(['shop d enter 1000', 'shop d exit 1000']);
  await go(inside, 1_100_000);
  expect(actions.keys.at(-1)).toBe('shop d enter 1100000');
});

it('a device that says nothing has stayed all the same', async () => {
  await save();
  await go(inside, 1_000);
  const partition = test.store.partitionOf('d');
  expect(await positions.longVisits(partition, 60_999, 10)).toEqual([]);
  expect(await positions.longVisits(partition, 61_000, 10)).toEqual([{ deviceId: 'd', fenceId: 'shop' }]);
  await watch.lookAt(APP, 'd', 'shop', 61_000);
  await watch.lookAt(APP, 'd', 'shop', 62_000);
  expect(actions.keys).toEqual(['shop d enter 1000', 'shop d dwell 1000']);
  expect(await positions.longVisits(partition, 99_000, 10)).toEqual([]);
});

it('a fence that is gone ends its visits in silence', async () => {
  await save();
  await go(inside, 1_000);
  expect(await geofences.delete(APP, 'shop')).toBe(true);
  watch = newWatch();
  await go(outside, 2_000);
  expect(actions.keys).toEqual(['shop d enter 1000']);
  expect(await positions.visits('d')).toEqual([]);
});

it('former positions are kept for a device that asks for it, and go with it', async () => {
  await go(inside, 1_000);
  expect(await positions.track('d')).toEqual([]);
  await devices.update(APP, 'd', { keepPositions: true });
  await go(edge, 2_000);
  await go(outside, 3_000);
  await go(outside, 3_000);
  expect(await positions.track('d')).toEqual([
    { ...outside, at: 3_000 },
    { ...edge, at: 2_000 },
  ]);
  expect(await devices.delete(APP, 'd')).toBe('deleted');
  expect(await positions.track('d')).toEqual([]);
  expect(await positions.place(APP, 'd', { ...inside, at: 4_000 })).toEqual({ outcome: 'unknown' });
});
