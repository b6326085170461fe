import { type Audience, parseAudience, printAudience } from '@carillon/domain';
import {
  AudienceResolver,
  type DeviceChanges,
  type RedisDevices,
  RedisGroups,
  RedisLists,
  RedisPresence,
  RedisSegments,
  RedisUsers,
} from '@carillon/persistence';
import { devicesOf, DUMMY_CREDENTIALS, testStore, type TestStore } from '@carillon/testing';
import { isMeant, type OracleDevice } from '../support/audience-oracle.js';
import { seeded } from '../support/random.js';
import { RandomAudience } from '../support/random-audience.js';

const APP = 'default';
const now = Date.now();
let test: TestStore;
let users: RedisUsers;
let devices: RedisDevices;
let groups: RedisGroups;
let presence: RedisPresence;
let lists: RedisLists;
let segments: RedisSegments;
let resolver: AudienceResolver;

beforeAll(() => {
  test = testStore();
  users = new RedisUsers(test.store);
  devices = devicesOf(test.store, users);
  groups = new RedisGroups(test.store, users, devices);
  presence = new RedisPresence(test.store);
  lists = new RedisLists(test.store, users);
  segments = new RedisSegments(test.store);
  resolver = new AudienceResolver(test.store, users);
});
afterAll(() => test.close());

const register = (id: string, changes: DeviceChanges = {}, app = APP) =>
  devices.create(app, id, changes, DUMMY_CREDENTIALS);

/** Whom an expression means, found as a fan-out finds it. */
async function whom(expression: unknown, app = APP): Promise<string[]> {
  const query = await resolver.open(app, parseAudience(expression), now);
  const named = await query.named();
  if (named) return [...named.values()].flat().sort();
  const found = new Set<string>();
  for (const partition of (await query.tasks()).flat())
    for await (const page of query.pages(partition)) for (const id of page) found.add(id);
  return [...found].sort();
}

async function upload(name: string, rows: readonly ({ device: string } | { user: string })[]): Promise<void> {
  const key = lists.newKey(name);
  await lists.add(APP, key, rows, false);
  await lists.publish(APP, name, key, now);
}

describe('random expressions over random devices', () => {
  const random = seeded(61);
  const some = new RandomAudience(random, ['a', 'b', 'c', 'nobody']);
  const world: OracleDevice[] = [];

  beforeAll(async () => {
    await Promise.all(Array.from({ length: 150 }, (_, i) => populate(i)));
    await upload('a', [{ user: 'a' }, ...['dev-1', 'dev-5', 'dev-9'].map((device) => ({ device }))]);
    await upload('b', [{ user: 'b' }, { user: 'nobody' }]);
    await groups.add(APP, 'a', { user: 'b' });
    for (const id of ['dev-2', 'dev-3']) await groups.add(APP, 'c', { device: id });
    // It comes to its user after the lists did.
    await register('late', { user: 'a' });
    await register('foreign', { user: 'a', tags: ['a', 'b', 'c'] }, 'other');
    await presence.claim('foreign', DUMMY_CREDENTIALS.tokenHash, 'mqtt', 'edge-1');
    for (const id of [...Array.from({ length: 150 }, (_, i) => `dev-${i}`), 'late'])
      world.push(await observed(id));
  });

  async function populate(i: number): Promise<void> {
    const id = `dev-${i}`;
    const maybe = <T>(value: T): T | undefined => (random() < 0.7 ? value : undefined);
    await register(id, {
      user: maybe(some.pick(['a', 'b', 'c'])),
      platform: maybe(some.pick(['android', 'ios', 'Web App'])),
      locale: maybe(some.pick(['de', 'de-CH', 'pt-br', 'en', 'deu'])),
      appVersion: maybe(some.pick(['1.1.9', '1.2.0', '2.0.5', '2.1.0', '3.0.0', '4.0.1', '4.0.2'])),
      tags: ['a', 'b', 'c'].filter(() => random() < 0.3),
      attributes: Object.fromEntries(
        ['plan', 'age', 'paid', 'ends', 'or'].flatMap((name) => (random() < 0.5 ? [] : [[name, value()]])),
      ),
      position: maybe(position(i)),
    });
    if (random() < 0.3) await connect(id, some.pick(['mqtt', 'xmpp', 'poll']));
    if (random() < 0.3) await disconnect(id);
  }

  const value = () =>
    some.pick([
      'pro',
      'prolix',
      'a',
      18,
      7.25,
      -0.5,
      true,
      false,
      '2026-05-01T07:00:00Z',
      '2027-02-01T00:00:00Z',
    ]);
  const position = (i: number) => ({
    lat: i % 10 === 0 ? some.pick([88, -89.5, 85.2, 90]) : random() * 170 - 85,
    lon: i % 7 === 0 ? some.pick([180, -180, 179.9, -179.9]) : random() * 360 - 180,
    at: now - some.pick([0, 60_000, 3_000_000, 90_000_000, 800_000_000]),
  });
  const connect = (id: string, transport: string) =>
    presence.claim(id, DUMMY_CREDENTIALS.tokenHash, transport, 'edge-1');
  async function disconnect(id: string): Promise<void> {
    for (const { epoch } of await presence.connections(id)) await presence.release(id, epoch);
  }

  /** As it stands in its record, with what is kept beside it. */
  async function observed(id: string): Promise<OracleDevice> {
    const device = (await devices.find(APP, id))!;
    const connected = (await presence.connections(id)).map(({ transport }) => transport);
    const own = [
      ...(device.user === 'a' || ['dev-1', 'dev-5', 'dev-9'].includes(id) ? ['a'] : []),
      ...(device.user === 'b' ? ['b'] : []),
    ];
    return { ...device, connected, lists: own };
  }

  it('find exactly whom a slow, obviously right evaluation finds (250 expressions)', async () => {
    const wrong: unknown[] = [];
    let matched = 0;
    for (let i = 0; i < 250; i++) {
      const audience: Audience = some.tree(i % 5);
      const expected = world
        .filter((device) => isMeant(audience, device, now))
        .map(({ id }) => id)
        .sort();
      const found = await whom(printAudience(audience));
      matched += expected.length;
      if (JSON.stringify(found) !== JSON.stringify(expected)) {
        const difference = [
          ...found.filter((id) => !expected.includes(id)),
          ...expected.filter((id) => !found.includes(id)),
        ];
        wrong.push({ audience: printAudience(audience), difference: difference.slice(0, 5) });
      }
    }
    expect(wrong).toEqual([]);
    expect(matched).toBeGreaterThan(3_000);
  });

  it('find the same by every driving term, and page by page', async () => {
    const wrong: unknown[] = [];
    for (let i = 0; i < 100; i++) {
      const term = some.term();
      const direct = await whom(term);
      const filtered = await whom({
        all: [{ any: [{ everyone: true }, { not: { everyone: true } }] }, term],
      });
      if (JSON.stringify(direct) !== JSON.stringify(filtered)) wrong.push(term);
    }
    expect(wrong).toEqual([]);
  });
});

describe('areas', () => {
  const places: Record<string, [number, number]> = {
    suva: [-18.14, 178.44],
    apia: [-13.83, -171.77],
    'north-pole': [89.9, 10],
    alert: [82.5, -62.3],
    'south-pole': [-90, 0],
    berlin: [52.52, 13.4],
    hole: [52.5, 13.5],
  };
  beforeAll(async () => {
    for (const [id, [lat, lon]] of Object.entries(places))
      await register(id, { position: { lat, lon, at: now } }, 'places');
  });
  const found = (area: object) => whom({ area }, 'places');
  const polygon = (...rings: number[][][]) => ({ geojson: { type: 'Polygon', coordinates: rings } });
  const square = (w: number, s: number, e: number, n: number) => [
    [w, s],
    [e, s],
    [e, n],
    [w, n],
    [w, s],
  ];

  it.each<[string, object, string[]]>([
    [
      'a circle across the antimeridian',
      { circle: { lat: -16, lon: 180, radius: 1_000_000 } },
      ['apia', 'suva'],
    ],
    [
      'a circle around the north pole',
      { circle: { lat: 90, lon: 0, radius: 900_000 } },
      ['alert', 'north-pole'],
    ],
    ['a circle beyond the south pole', { circle: { lat: -89, lon: 120, radius: 200_000 } }, ['south-pole']],
    [
      'a box across the antimeridian',
      { box: { south: -20, west: 170, north: -10, east: -170 } },
      ['apia', 'suva'],
    ],
    ['a box at the pole', { box: { south: 86, west: -180, north: 90, east: 180 } }, ['north-pole']],
    ['a polygon that jumps across the antimeridian', polygon(square(170, -20, -170, -10)), ['apia', 'suva']],
    ['a polygon that goes on beyond 180°', polygon(square(170, -20, 190, -10)), ['apia', 'suva']],
    [
      'a polygon that was cut at the antimeridian (RFC 7946 §3.1.9)',
      {
        geojson: {
          type: 'MultiPolygon',
          coordinates: [[square(170, -20, 180, -10)], [square(-180, -20, -170, -10)]],
        },
      },
      ['apia', 'suva'],
    ],
    [
      'a polygon around the north pole',
      polygon([
        [-180, 80],
        [-90, 80],
        [0, 80],
        [90, 80],
        [179, 80],
        [-180, 80],
      ]),
      ['alert', 'north-pole'],
    ],
    ['a polygon of the whole world', polygon(square(-180, -90, 180, 90)), Object.keys(places).sort()],
    [
      'a polygon with a hole',
      polygon(square(13, 52, 14, 53), square(13.45, 52.45, 13.55, 52.55)),
      ['berlin'],
    ],
  ])('%s', async (_, area, expected) => {
    expect(await found(area)).toEqual(expected);
    const others = Object.keys(places)
      .filter((id) => !expected.includes(id))
      .sort();
    expect(await whom({ not: { area } }, 'places')).toEqual(others);
  });

  it('are found whole where thousands of devices stand in one place', async () => {
    const position = { lat: 48.1, lon: 11.5, at: now };
    await Promise.all(Array.from({ length: 4_500 }, (_, i) => register(`crowd-${i}`, { position }, 'crowd')));
    expect(await whom('near(48.1, 11.5, 1km)', 'crowd')).toHaveLength(4_500);
    expect(await whom('near(48.1, 11.5, 1km, maxAge=1m) and not device:crowd-1', 'crowd')).toHaveLength(
      4_499,
    );
  });
});

describe('segments', () => {
  const save = (name: string, expression: string) =>
    segments.change(APP, name, () => ({
      name,
      audience: parseAudience(expression),
      createdAt: now,
      updatedAt: now,
    }));

  it('mean what they stand for at the moment, through one another', async () => {
    await register('seg-1', { tags: ['seg-x'] });
    await register('seg-2', { tags: ['seg-x', 'seg-y'] });
    await save('inner', 'tag:seg-x');
    await save('outer', 'segment:inner and not tag:seg-y');
    expect(await whom('segment:outer')).toEqual(['seg-1']);
    await save('inner', 'tag:seg-y');
    expect(await whom('segment:inner or segment:nowhere')).toEqual(['seg-2']);
    await segments.change(APP, 'inner', () => null);
    expect(await whom('segment:outer')).toEqual([]);
  });

  it('that refer to one another in a circle find nobody', async () => {
    await save('round', 'segment:about');
    await save('about', 'segment:round or everyone');
    expect(await whom('segment:about')).toEqual([]);
  });
});

describe('the tasks of a search', () => {
  /** As many members of a group in each partition. */
  const fill = async (group: string, sizes: readonly number[]): Promise<void> => {
    const { client, keys } = test.store;
    for (const [partition, size] of sizes.entries()) {
      const ids = Array.from({ length: size }, (_, i) => `${group}-${partition}-${i}`);
      if (size > 0) await client.sadd(keys.groupDevices(partition, APP, group), ...ids);
    }
  };
  const tasksOf = async (group: string): Promise<number[][]> =>
    (await resolver.open(APP, { group: [group] }, now)).tasks();

  it('have up to a thousand devices of some partitions, or one partition that has more', async () => {
    await fill('some', [300, 0, 700, 1]);
    expect(await tasksOf('some')).toEqual([[0, 2], [3]]);
    await fill('large', [1, 1_500, 2, 3]);
    expect(await tasksOf('large')).toEqual([[0], [1], [2, 3]]);
  });

  it('are none where nobody is', async () => expect(await tasksOf('nobody-at-all')).toEqual([]));
});

describe('uploaded lists', () => {
  it('replace one another as a whole, and leave nothing behind', async () => {
    await register('list-1', { user: 'list-user' });
    await register('list-2');
    await upload('people', [{ user: 'list-user' }]);
    expect(await whom('list:people')).toEqual(['list-1']);
    await upload('people', [{ device: 'list-2' }, { device: 'unknown' }]);
    expect(await whom('list:people')).toEqual(['list-2']);
    expect(await lists.find(APP, 'people')).toMatchObject({ devices: 1, users: 0 });
    expect(await lists.delete(APP, 'people')).toBe(true);
    expect(await whom('list:people')).toEqual([]);
    const { client, keys } = test.store;
    const left = await client.keys(`${keys.edges().split('{')[0]}*:people:*`);
    expect(left).toEqual([]);
  });

  it('follow a user who gets devices, and a device that gets another user', async () => {
    await upload('followed', [{ user: 'follower' }]);
    await register('list-3', { user: 'follower' });
    expect(await whom('list:followed')).toEqual(['list-3']);
    await devices.update(APP, 'list-3', { user: 'somebody' });
    expect(await whom('list:followed')).toEqual([]);
  });
});
