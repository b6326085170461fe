import { ApiUnderTest } from '../testing/api-under-test.js';

let api: ApiUnderTest;
beforeAll(async () => {
  api = await ApiUnderTest.start();
  await api.call('PUT', '/v1/devices/phone-1', { user: 'anna' });
  await api.call('PUT', '/v1/devices/phone-2', { user: 'anna' });
  await api.call('PUT', '/v1/devices/lone');
});
afterAll(() => api.stop());

const groupsOf = async (device: string) => (await api.call('GET', `/v1/devices/${device}`)).body.groups;

describe('members', () => {
  it('are users, with all their devices, or devices', async () => {
    expect((await api.call('PUT', '/v1/groups/staff/members/users/anna')).status).toBe(204);
    expect((await api.call('PUT', '/v1/groups/staff/members/users/anna')).status).toBe(204);
    expect((await api.call('PUT', '/v1/groups/staff/members/devices/lone')).status).toBe(204);
    expect((await api.call('GET', '/v1/groups/staff')).body).toEqual({ id: 'staff', size: 2 });
    expect((await api.call('GET', '/v1/groups/staff/members')).body).toEqual({
      members: [{ device: 'lone' }, { user: 'anna' }],
    });
    expect(await Promise.all(['phone-1', 'phone-2', 'lone'].map(groupsOf))).toEqual([
      ['staff'],
      ['staff'],
      ['staff'],
    ]);
  });

  it('may be users that have no device yet, but no unknown devices', async () => {
    expect((await api.call('PUT', '/v1/groups/future/members/users/carla')).status).toBe(204);
    await api.call('PUT', '/v1/devices/carlas', { user: 'carla' });
    expect(await groupsOf('carlas')).toEqual(['future']);
    expect(await api.call('PUT', '/v1/groups/future/members/devices/nowhere')).toMatchObject({
      status: 404,
      body: { detail: 'there is no device nowhere' },
    });
  });

  it('can be added by the hundred', async () => {
    const users = Array.from({ length: 300 }, (_, i) => `u${i}`);
    const request = { users: [...users, 'u0'], devices: ['lone', 'nowhere', 'phone-1'] };
    expect(await api.call('POST', '/v1/groups/crowd/members', request)).toMatchObject({
      status: 200,
      body: { added: 302, unknown: ['nowhere'] },
    });
    const found: unknown[] = [];
    for (let cursor = ''; ;) {
      const { body } = await api.call('GET', `/v1/groups/crowd/members?limit=77${cursor}`);
      expect(body.members.length).toBeLessThanOrEqual(77);
      found.push(...body.members);
      if (body.next === undefined) break;
      cursor = `&cursor=${body.next}`;
    }
    expect(found).toHaveLength(302);
    expect(new Set(found.map((member) => JSON.stringify(member))).size).toBe(302);
  });

  it('leave', async () => {
    await api.call('POST', '/v1/groups/leaving/members', { users: ['anna'], devices: ['phone-1'] });
    expect((await api.call('DELETE', '/v1/groups/leaving/members/users/anna')).status).toBe(204);
    expect(await groupsOf('phone-1')).toContain('leaving');
    expect(await groupsOf('phone-2')).not.toContain('leaving');
    expect((await api.call('DELETE', '/v1/groups/leaving/members/devices/phone-1')).status).toBe(204);
    expect(await groupsOf('phone-1')).not.toContain('leaving');
    expect((await api.call('DELETE', '/v1/groups/leaving/members/users/anna')).status).toBe(404);
    expect((await api.call('DELETE', '/v1/groups/leaving/members/devices/phone-1')).status).toBe(404);
  });
});

describe('a group', () => {
  it('goes with its members', async () => {
    await api.call('POST', '/v1/groups/gone/members', { users: ['anna'], devices: ['lone'] });
    expect((await api.call('DELETE', '/v1/groups/gone')).status).toBe(204);
    expect(await api.call('GET', '/v1/groups/gone')).toMatchObject({
      status: 404,
      body: { code: 'not-found' },
    });
    expect((await api.call('DELETE', '/v1/groups/gone')).status).toBe(404);
    expect(await groupsOf('phone-1')).not.toContain('gone');
  });

  it('is the app’s own', async () => {
    const authorization = `Bearer ${await api.newKey(['manage'], 'other')}`;
    expect((await api.call('GET', '/v1/groups/staff', undefined, { authorization })).status).toBe(404);
    const path = '/v1/groups/staff/members/devices/lone';
    expect((await api.call('PUT', path, undefined, { authorization })).status).toBe(404);
  });

  it('has any printable name', async () => {
    const id = encodeURIComponent('Küche:€#1');
    expect((await api.call('PUT', `/v1/groups/${id}/members/users/anna`)).status).toBe(204);
    expect((await api.call('GET', `/v1/groups/${id}`)).body.id).toBe('Küche:€#1');
    const long = encodeURIComponent('語'.repeat(128));
    expect((await api.call('GET', `/v1/groups/${long}/members`)).body).toEqual({ members: [] });
  });
});

describe('refusals', () => {
  it.each([
    ['POST', '/v1/groups/a%20b/members', {}, 'id'],
    ['POST', '/v1/groups/x/members', { users: 'anna' }, '/users'],
    ['POST', '/v1/groups/x/members', { devices: ['UPPER'] }, '/devices'],
    ['POST', '/v1/groups/x/members', { people: [] }, '/people'],
    ['PUT', '/v1/groups/x/members/devices/UPPER', undefined, 'device'],
    ['PUT', '/v1/groups/x/members/users/a%20b', undefined, 'user'],
    ['GET', '/v1/groups/x/members?cursor=x', undefined, 'cursor'],
  ] as const)('%s %s %j', async (method, path, body, pointer) => {
    expect(await api.call(method, path, body)).toMatchObject({
      status: 400,
      body: { faults: [{ pointer }] },
    });
  });
});

describe('a user’s devices', () => {
  const devices = (query = '') => api.call('GET', `/v1/users/anna/devices${query}`);

  it('are listed by id, in pages', async () => {
    const { body } = await devices();
    expect(body.devices.map(({ id }: { id: string }) => id)).toEqual(['phone-1', 'phone-2']);
    expect((await devices('?limit=1')).body).toMatchObject({ devices: [{ id: 'phone-1' }], next: 'phone-1' });
    expect((await devices('?limit=1&cursor=phone-1')).body).toEqual({
      devices: [expect.objectContaining({ id: 'phone-2' })],
    });
  });

  it('move with their owner', async () => {
    await api.call('PATCH', '/v1/devices/lone', { user: 'dora' });
    expect((await api.call('GET', '/v1/users/dora/devices')).body.devices).toHaveLength(1);
    await api.call('PATCH', '/v1/devices/lone', { user: null });
    expect((await api.call('GET', '/v1/users/dora/devices')).body).toEqual({ devices: [] });
  });
});
