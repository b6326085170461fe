import { parseAudience } from '@carillon/domain';
import { AudienceResolver, type RedisDevices, RedisGroups, RedisUsers } from '@carillon/persistence';
import { devicesOf, DUMMY_CREDENTIALS, testStore, type TestStore } from '@carillon/testing';

let test: TestStore;
let users: RedisUsers;
let devices: RedisDevices;
let groups: RedisGroups;
let resolver: AudienceResolver;

beforeEach(() => {
  test = testStore();
  users = new RedisUsers(test.store);
  devices = devicesOf(test.store, users);
  groups = new RedisGroups(test.store, users, devices);
  resolver = new AudienceResolver(test.store, users);
});
afterEach(() => test.close());

const register = (id: string, changes = {}, app = 'default') =>
  devices.create(app, id, changes, DUMMY_CREDENTIALS);

/** Whom an audience means, found as a fan-out finds it. */
async function whom(json: unknown, app = 'default'): Promise<string[]> {
  const query = await resolver.open(app, parseAudience(json), Date.now());
  const named = await query.named();
  if (named) return [...named.values()].flat().sort();
  const found = new Set<string>();
  for (const partition of await query.partitions())
    for await (const page of query.pages(partition)) for (const id of page) found.add(id);
  return [...found].sort();
}

describe('device records', () => {
  it('are found by tag, and no longer once it is gone', async () => {
    await register('a', { tags: ['x', 'y'] });
    expect(await whom({ tag: 'x' })).toEqual(['a']);
    await devices.update('default', 'a', { tags: ['y', 'z'] });
    expect(await whom({ tag: 'x' })).toEqual([]);
    expect(await whom({ tag: ['x', 'z'] })).toEqual(['a']);
  });

  it('are created once', async () => {
    expect(await register('a')).toBe(true);
    expect(await register('a')).toBe(false);
    await expect(register('a', {}, 'other')).rejects.toMatchObject({ code: 'conflict' });
  });

  it('take every one of many changes at the same time', async () => {
    await register('a');
    const names = Array.from({ length: 10 }, (_, i) => `g${i}`);
    await Promise.all(names.map((group) => groups.add('default', group, { device: 'a' })));
    expect((await devices.find('default', 'a'))?.groups).toEqual(names);
  });

  it('leave nothing behind when deleted', async () => {
    await register('a', {
      tags: ['x'],
      user: 'u',
      position: { lat: 1, lon: 2, at: 3 },
      attributes: { n: 1 },
    });
    await groups.add('default', 'g', { user: 'u' });
    await devices.delete('default', 'a');
    const partition = test.store.partitionOf('a');
    const left = await test.store.client.keys(
      `${test.store.keys.allDevices(partition, 'default').split('{')[0]}*`,
    );
    expect(left.map((key) => key.replace(/^.*\}:/, '')).sort()).toEqual([
      'app:default:members:g',
      'app:default:user-groups:u',
    ]);
  });
});

describe('users and groups', () => {
  it('follow a device from one user to the next', async () => {
    await register('a', { user: 'old' });
    await groups.add('default', 'g-old', { user: 'old' });
    await groups.add('default', 'g-new', { user: 'new' });
    expect(await whom({ group: 'g-old' })).toEqual(['a']);
    await devices.update('default', 'a', { user: 'new' });
    expect(await whom({ user: 'old' })).toEqual([]);
    expect(await whom({ user: 'new' })).toEqual(['a']);
    expect(await whom({ group: 'g-old' })).toEqual([]);
    expect(await whom({ group: 'g-new' })).toEqual(['a']);
  });

  it('reach devices that are registered after their user joined', async () => {
    await groups.add('default', 'g', { user: 'u' });
    await register('a', { user: 'u' });
    expect(await whom({ group: 'g' })).toEqual(['a']);
  });

  it('keep a device that is a member both itself and by its user until both are gone', async () => {
    await register('a', { user: 'u' });
    await groups.add('default', 'g', { user: 'u' });
    await groups.add('default', 'g', { device: 'a' });
    await groups.remove('default', 'g', { user: 'u' });
    expect(await whom({ group: 'g' })).toEqual(['a']);
    await groups.remove('default', 'g', { device: 'a' });
    expect(await whom({ group: 'g' })).toEqual([]);
  });

  it('agree in the end when members and devices change at the same time', async () => {
    await Promise.all([
      ...Array.from({ length: 20 }, (_, i) => register(`d${i}`, { user: `u${i % 4}` })),
      ...Array.from({ length: 4 }, (_, i) => groups.add('default', 'g', { user: `u${i}` })),
    ]);
    expect(await whom({ group: 'g' })).toHaveLength(20);
    await Promise.all([
      ...Array.from({ length: 20 }, (_, i) =>
        devices.update('default', `d${i}`, { user: i % 2 ? 'stay' : null }),
      ),
      groups.delete('default', 'g'),
      groups.add('default', 'h', { user: 'stay' }),
    ]);
    expect(await whom({ group: 'g' })).toEqual([]);
    expect(await whom({ group: 'h' })).toHaveLength(10);
  });
});

describe('an audience', () => {
  beforeEach(async () => {
    const shanghai = { lat: 31.23, lon: 121.47, at: 1 };
    await register('a', { tags: ['x'], user: 'u1', position: shanghai });
    await register('b', { tags: ['x', 'muted'], user: 'u1', position: { ...shanghai, lat: 31.9 } });
    await register('c', { tags: ['y'], user: 'u2', position: { lat: 0, lon: 179.999, at: 1 } });
    await register('d', {});
    await register('other', { tags: ['x'], user: 'u1', position: shanghai }, 'other');
  });

  it.each<[unknown, string[]]>([
    [{ everyone: true }, ['a', 'b', 'c', 'd']],
    [{ device: ['a', 'd', 'nobody', 'other'] }, ['a', 'd']],
    [{ user: 'u1' }, ['a', 'b']],
    [{ tag: ['x', 'y'] }, ['a', 'b', 'c']],
    [{ not: { tag: 'x' } }, ['c', 'd']],
    [{ all: [{ tag: 'x' }, { not: { tag: 'muted' } }] }, ['a']],
    [{ all: [{ user: ['u1', 'u2'] }, { tag: 'y' }] }, ['c']],
    [{ any: [{ device: 'd' }, { tag: 'y' }] }, ['c', 'd']],
    [{ area: { circle: { lat: 31.2, lon: 121.4, radius: 20_000 } } }, ['a']],
    [{ area: { circle: { lat: 0, lon: -179.999, radius: 1_000 } } }, ['c']],
    [
      { all: [{ tag: 'x' }, { not: { area: { circle: { lat: 31.2, lon: 121.4, radius: 20_000 } } } }] },
      ['b'],
    ],
    [{ all: [{ everyone: true }, { not: { user: 'u1' } }] }, ['c', 'd']],
    [{ not: { everyone: true } }, []],
    [{ group: 'nobody' }, []],
  ])('%j means exactly whom it says, and nobody of another app', async (json, expected) => {
    expect(await whom(json)).toEqual(expected);
  });

  it('is found whole over many pages', async () => {
    await Promise.all(Array.from({ length: 1_500 }, (_, i) => register(`many-${i}`, { tags: ['many'] })));
    expect(await whom({ tag: 'many' })).toHaveLength(1_500);
    expect(await whom({ all: [{ tag: 'many' }, { not: { device: 'many-7' } }] })).toHaveLength(1_499);
  });
});
