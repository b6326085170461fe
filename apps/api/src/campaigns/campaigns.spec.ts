import { ApiUnderTest } from '../testing/api-under-test.js';

let api: ApiUnderTest;
beforeAll(async () => {
  api = await ApiUnderTest.start();
});
afterAll(() => api.stop());

const TEA = {
  name: 'Tea',
  audience: 'tag:tea and not tag:muted',
  message: { title: 'Tea is on sale', ttl: 3600 },
  schedule: { cron: '0 9 * * mon', zone: 'Europe/Berlin', count: 3 },
  limits: { perSecond: 50, windows: [{ from: '09:00', to: '21:00' }], maxErrorRate: 0.1 },
};
const create = (more: object = {}) => api.call('POST', '/v1/campaigns', { ...TEA, ...more });
const created = async (more: object = {}): Promise<string> => (await create(more)).body.id as string;
const act = (id: string, action: string, body?: object) =>
  api.call('POST', `/v1/campaigns/${id}/${action}`, body);

describe('a fault of a message', () => {
  it.each([
    ['a pace of its own', { message: { title: 'x', pace: {} } }, 400, '/message/pace'],
    ['too much of it', { message: { title: 'x', body: 'a'.repeat(70_000) } }, 413, '/message'],
    [
      'too much of it in a variant',
      { variants: [{ name: 'A', share: 50, message: { body: 'a'.repeat(70_000) } }] },
      413,
      '/variants/0/message',
    ],
  ])('has its place: %s', async (_, more, status, pointer) => {
    const answer = await create(more);
    expect([answer.status, answer.body.faults[0].pointer]).toEqual([status, pointer]);
  });
});

describe('a campaign', () => {
  it('is created as a draft, read, and says who made it', async () => {
    const { status, headers, body } = await create();
    expect(status).toBe(201);
    expect(headers['location']).toBe(`/v1/campaigns/${body.id}`);
    expect(body).toMatchObject({
      ...TEA,
      audience: { all: [{ tag: ['tea'] }, { not: { tag: ['muted'] } }] },
      audienceText: TEA.audience,
      state: 'draft',
      editedBy: body.createdBy,
    });
    expect((await api.call('GET', `/v1/campaigns/${body.id}`)).body).toEqual(body);
    const other = await api.newKey(['admin'], 'other');
    const foreign = await api.call('GET', `/v1/campaigns/${body.id}`, undefined, {
      authorization: `Bearer ${other}`,
    });
    expect(foreign.status).toBe(404);
  });

  it('is changed while it is a draft, as a whole or in parts', async () => {
    const id = await created();
    const replaced = await api.call('PUT', `/v1/campaigns/${id}`, {
      name: 'New',
      audience: 'everyone',
      message: { body: 'x' },
    });
    expect(replaced.body).toMatchObject({ name: 'New', audience: { everyone: true } });
    expect(replaced.body).not.toHaveProperty('schedule');
    const patched = await api.call('PATCH', `/v1/campaigns/${id}`, { schedule: TEA.schedule, name: 'Newer' });
    expect(patched.body).toMatchObject({ name: 'Newer', message: { body: 'x' }, schedule: TEA.schedule });
    const without = await api.call('PATCH', `/v1/campaigns/${id}`, { schedule: null });
    expect(without.body).not.toHaveProperty('schedule');
    expect((await api.call('DELETE', `/v1/campaigns/${id}`)).status).toBe(204);
    expect((await api.call('GET', `/v1/campaigns/${id}`)).status).toBe(404);
  });

  it('goes from state to state, and each step is told with who and when', async () => {
    const id = await created();
    expect((await act(id, 'pause')).body).toMatchObject({ code: 'conflict', campaignState: 'draft' });
    expect((await act(id, 'approve')).body.state).toBe('approved');
    const started = (await act(id, 'start')).body;
    expect(started).toMatchObject({ state: 'scheduled' });
    expect(Date.parse(started.nextRunAt)).toBeGreaterThan(Date.now());
    expect((await api.call('PATCH', `/v1/campaigns/${id}`, { name: 'x' })).body.detail).toMatch(
      /pause it to change it$/,
    );
    expect((await api.call('DELETE', `/v1/campaigns/${id}`)).status).toBe(409);
    expect((await act(id, 'pause')).body.state).toBe('paused');
    expect((await api.call('PATCH', `/v1/campaigns/${id}`, { name: 'x' })).status).toBe(200);
    expect((await act(id, 'resume')).body.state).toBe('scheduled');
    expect((await act(id, 'cancel')).body.state).toBe('cancelled');
    expect((await act(id, 'resume')).status).toBe(409);
    const { body } = await api.call('GET', `/v1/campaigns/${id}/changes`);
    const actions = body.changes.map(
      ({ action, state }: { action: string; state: string }) => `${action} ${state}`,
    );
    expect(actions).toEqual([
      'cancel cancelled',
      'resume scheduled',
      'edit paused',
      'pause paused',
      'start scheduled',
      'approve approved',
      'create draft',
    ]);
    expect(Date.parse(body.changes[0].at)).toBeLessThanOrEqual(Date.now());
    expect(body.changes[0].by).toBe(started.createdBy);
    expect((await api.call('DELETE', `/v1/campaigns/${id}`)).status).toBe(204);
  });

  it('is listed with others, newest first, in pages', async () => {
    const own = [await created({ name: '1' }), await created({ name: '2' }), await created({ name: '3' })];
    const first = (await api.call('GET', '/v1/campaigns?limit=2')).body;
    expect(first.campaigns).toHaveLength(2);
    const second = (await api.call('GET', `/v1/campaigns?limit=2&cursor=${first.next}`)).body;
    const ids = [...first.campaigns, ...second.campaigns].map(({ id }: { id: string }) => id);
    expect(new Set(ids).size).toBe(4);
    expect(ids).toEqual(ids.toSorted().reverse());
    expect(ids).toEqual(expect.arrayContaining(own));
  });
});

it.each([
  [{ audience: 'tag:' }, '/audience', /line 1, column 5/],
  [{ message: { titel: 'x' } }, '/message/titel', /^is not known/],
  [{ message: undefined }, '/message/title', /must be given/],
  [{ message: { title: 'x', at: 'now' } }, '/message/at', /\/schedule/],
  [{ schedule: { cron: '0 25 * * *' } }, '/schedule/cron', /"25" at character 3/],
  [{ schedule: { rrule: 'FREQ=DAILY;BYDAY=XX' } }, '/schedule/rrule', /"BYDAY=XX" at character 12/],
  [{ schedule: { cron: '0 9 * * *', zone: 'Mars' } }, '/schedule/zone', /IANA/],
  [{ schedule: {} }, '/schedule', /exactly one of at, cron, rrule/],
  [{ limits: { perSecond: 0 } }, '/limits/perSecond', /above 0/],
  [{ limits: { windows: [{ from: '9' }] } }, '/limits/windows/0', /09:00/],
  [{ limits: { speed: 1 } }, '/limits/speed', /is not known/],
  [{ limits: { maxErrorRate: 2 } }, '/limits/maxErrorRate', /from 0 to 1/],
  [
    {
      variants: [
        { name: 'A', share: 60 },
        { name: 'B', share: 60 },
      ],
    },
    '/variants',
    /120 %/,
  ],
  [
    {
      variants: [
        { name: 'A', share: 6 },
        { name: 'A', share: 6 },
      ],
    },
    '/variants/1/name',
    /another variant/,
  ],
  [{ variants: [{ name: 'A', share: 6, message: { ttl: -1 } }] }, '/variants/0/message/ttl', /whole number/],
  [{ winner: { by: 'opened', after: 60 } }, '/winner', /variants/],
  [{ trigger: { geofence: 'shop', on: ['enter'] }, limits: {} }, '/trigger', /beside a schedule/],
  [
    { trigger: { geofence: 'x', on: ['enter'] }, limits: {}, schedule: null },
    '/trigger/geofence',
    /no geofence x/,
  ],
  [
    { trigger: { geofence: 'shop', on: ['enter'] }, limits: { perSecond: 1 }, schedule: null },
    '/limits/perSecond',
    /not for what a geofence/,
  ],
])('refuses %j with place and reason', async (more, pointer, detail) => {
  const area = { box: { south: 10, west: 10, north: 11, east: 11 } };
  await api.call('PUT', '/v1/geofences/shop', { area, triggers: ['enter'] });
  const { status, body } = await create(more);
  expect(status).toBe(400);
  expect(body.faults).toEqual([{ pointer, detail: expect.stringMatching(detail) }]);
});

it('is previewed: whom, what each would be told, and when', async () => {
  await api.call('PUT', '/v1/devices/cup', { tags: ['tea'], locale: 'de-AT' });
  await api.call('PUT', '/v1/templates/tea', {
    title: 'Tea at {{ notification.at }}',
    locales: { de: { title: 'Tee' } },
  });
  const variants = [
    { name: 'A', share: 20 },
    { name: 'B', share: 20, message: { template: { body: 'for {{ device.id }}' } } },
  ];
  const id = await created({ message: { template: 'tea' }, variants, holdOut: 10 });
  const { status, body } = await api.call('GET', `/v1/campaigns/${id}/preview`);
  expect(status).toBe(200);
  expect(body).toMatchObject({
    audience: { devices: 1, exact: true, samples: [{ id: 'cup' }] },
    variants: [
      { variant: 'A', share: 20, rendered: [{ device: 'cup', content: { title: 'Tee' } }] },
      { variant: 'B', share: 20, rendered: [{ device: 'cup', content: { body: 'for cup' } }] },
    ],
    holdOut: 10,
    rest: 50,
  });
  expect(body.times).toHaveLength(3);
  expect(body.times[0]).toMatch(/T09:00:00\+0[12]:00$/);
});

it('tells all that is wrong at once', async () => {
  const { body } = await create({ audience: 'x:', message: { ttl: 'long' }, schedule: { at: 'soon' } });
  const pointers = body.faults.map(({ pointer }: { pointer: string }) => pointer);
  expect(pointers).toEqual(['/audience', '/schedule/at', '/message/ttl']);
});

it('does not start with a schedule that is over', async () => {
  const id = await created({ schedule: { at: '2020-01-01T00:00:00Z' } });
  expect((await act(id, 'start')).body).toMatchObject({ code: 'time-in-past' });
});
