import { type GatewayProcess, Installation } from '../support/gateway.js';
import { Rest } from '../support/rest.js';
import { until } from '../support/until.js';

/** Notifications that are spread over time, by two workers of which one is killed. */
const installation = new Installation();
let api: GatewayProcess;
let rest: Rest;
let workers: GatewayProcess[];

const DEVICES = 60;

beforeAll(async () => {
  [api, ...workers] = (await Promise.all([
    installation.start('api'),
    installation.start('worker'),
    installation.start('worker'),
  ])) as [GatewayProcess, GatewayProcess, GatewayProcess];
  rest = new Rest(api.url('HTTP'), installation.adminKey);
  await Promise.all(Array.from({ length: DEVICES }, (_, i) => rest.register(`d-${i}`, { tags: ['all'] })));
});
afterAll(() => installation.end());

const view = async (id: string) => (await rest.get(`/v1/notifications/${id}`)).body;

const sendPaced = (pace: object, more: object = {}): Promise<string> =>
  rest.send({ audience: { tag: 'all' }, pace, ...more });

/** When each device got it into its inbox, ms, ascending. */
async function deposits(id: string): Promise<number[]> {
  const { body } = await rest.get(`/v1/notifications/${id}/deliveries?limit=1000`);
  const times = (body.deliveries as { steps: { at: string }[] }[]).map(({ steps }) =>
    Date.parse(steps[0]!.at),
  );
  return times.toSorted((a, b) => a - b);
}

it('goes at its rate, and is sent when everybody had his turn', async () => {
  const id = await sendPaced({ perSecond: 20 });
  const running = await until(
    'the first',
    () => view(id),
    ({ counts }) => counts.queued > 0,
  );
  expect(running).toMatchObject({ status: 'sending', progress: { perSecond: 20 } });
  const sent = await until(
    'the end',
    () => view(id),
    ({ status }) => status === 'sent',
  );
  expect(sent).toMatchObject({ counts: { queued: DEVICES }, progress: { waiting: 0, secondsLeft: 0 } });
  const times = await deposits(id);
  // Never more than what the rate allows in any second, with the tenth of one that may be made up for.
  expect(times.at(-1)! - times[0]!).toBeGreaterThan(((DEVICES - 4) / 20) * 1000);
  for (const at of times) {
    expect(times.filter((other) => other >= at && other < at + 1000).length).toBeLessThanOrEqual(20 + 3);
  }
});

it('goes slowly at first where there is a ramp', async () => {
  const id = await sendPaced({ perSecond: 40, ramp: { from: 4, seconds: 3 } });
  const { counts, at } = await until(
    'the end',
    () => view(id),
    ({ status }) => status === 'sent',
  );
  expect(counts.queued).toBe(DEVICES);
  const times = await deposits(id);
  const within = (ms: number): number => times.filter((time) => time < Date.parse(at) + ms).length;
  // 4 a second and 12 more each second: 10 in the first second, 32 in two; with it what a tenth of a second may make up for.
  expect(within(1_000)).toBeLessThanOrEqual(10 + 6);
  expect(within(2_000)).toBeLessThanOrEqual(32 + 8);
});

it('is paused within a second, goes on where it stopped, and nobody gets it twice', async () => {
  const id = await sendPaced({ perMinute: 1200 });
  await until(
    'some',
    () => view(id),
    ({ counts }) => counts.queued >= 5,
  );
  expect((await rest.post(`/v1/notifications/${id}/pause`)).body).toEqual({ id, status: 'paused' });
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const paused = await view(id);
  expect(paused.status).toBe('paused');
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect((await view(id)).counts.queued).toBe(paused.counts.queued);
  expect(paused.counts.queued).toBeLessThan(DEVICES);
  expect((await rest.post(`/v1/notifications/${id}/resume`)).body).toEqual({ id, status: 'sending' });
  expect(
    (
      await until(
        'the end',
        () => view(id),
        ({ status }) => status === 'sent',
      )
    ).counts.queued,
  ).toBe(DEVICES);
  expect((await rest.post(`/v1/notifications/${id}/pause`)).status).toBe(409);
});

it('goes on when the worker that had it is killed, exactly once to each', async () => {
  const id = await sendPaced({ perSecond: 20 });
  await until(
    'some',
    () => view(id),
    ({ counts }) => counts.queued >= 5,
  );
  await workers.pop()!.end('SIGKILL');
  await until(
    'some more',
    () => view(id),
    ({ counts }) => counts.queued >= 30,
  );
  const another = await installation.start('worker');
  await workers.pop()!.end('SIGKILL');
  workers.push(another);
  expect(
    (
      await until(
        'the end',
        () => view(id),
        ({ status }) => status === 'sent',
      )
    ).counts.queued,
  ).toBe(DEVICES);
  for (let i = 0; i < DEVICES; i += 20) {
    const { body } = await rest.get(`/v1/devices/d-${i}/explain?notification=${id}`);
    expect(body.state).toBe('queued');
  }
});

it('goes with local times, caps and texts for each device, exactly once while workers are killed', async () => {
  await rest.put('/v1/caps/offers', { max: 1, per: '1h' });
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  const told = Array.from({ length: 20 }, (_, i) => `d-${i}`);
  const before = await rest.send({ audience: { device: told }, category: 'offers' });
  await until(
    'the first',
    () => view(before),
    ({ status }) => status === 'sent',
  );
  // Ten of them live an hour to the west.
  const late = Array.from({ length: 10 }, (_, i) => `d-${DEVICES - 1 - i}`);
  await Promise.all(late.map((id) => rest.patch(`/v1/devices/${id}`, { timeZone: 'Etc/GMT+1' })));
  const minute = new Date(Date.now() - 60_000).toISOString();
  const { body } = await rest.post('/v1/notifications', {
    audience: { tag: 'all' },
    category: 'offers',
    template: { title: 'For {{ device.id }}' },
    deliverAt: { localTime: minute.slice(11, 16), date: minute.slice(0, 10) },
    pace: { perSecond: 20 },
  });
  await until(
    'some',
    () => view(body.id),
    ({ counts }) => counts.queued >= 10,
  );
  const another = await installation.start('worker');
  await workers.pop()!.end('SIGKILL');
  workers.push(another);
  const { counts, progress } = await until(
    'all whose time it is',
    () => view(body.id),
    ({ counts: made }) => made.queued === DEVICES - late.length,
  );
  expect(counts).toMatchObject({ suppressed: told.length, pending: DEVICES - late.length - told.length });
  expect(progress).toMatchObject({ waiting: late.length, nextAt: expect.any(String) });
  const times = await deposits(body.id);
  for (const at of times) {
    expect(times.filter((other) => other >= at && other < at + 1000).length).toBeLessThanOrEqual(20 + 10);
  }
  await rest.post(`/v1/notifications/${body.id}/cancel`);
  await Promise.all(late.map((id) => rest.patch(`/v1/devices/${id}`, { timeZone: null })));
});

it('is over at its hard end: whoever had no turn has a receipt that says so', async () => {
  const notAfter = new Date(Date.now() + 2_500).toISOString();
  const id = await sendPaced({ perSecond: 4, notAfter });
  const over = await until(
    'the end',
    () => view(id),
    ({ status }) => status === 'sent',
  );
  expect(over.counts.queued).toBe(DEVICES);
  expect(over.counts.suppressed).toBeGreaterThan(DEVICES - 20);
  const { body } = await rest.get(`/v1/notifications/${id}/deliveries?state=suppressed&limit=1`);
  expect(body.deliveries[0].steps.at(-1)).toMatchObject({ state: 'suppressed', detail: 'not after' });
  const { deviceId } = body.deliveries[0];
  const why = await rest.get(`/v1/devices/${deviceId}/explain?notification=${id}`);
  expect(why.body.why[0]).toMatch(/^Its turn had not come by /);
});

it('waits outside of its windows, and can be cancelled there', async () => {
  const hour = new Date(Date.now() + 7_200_000).getUTCHours();
  const clock = (h: number): string => `${String(h % 24).padStart(2, '0')}:00`;
  const id = await sendPaced({ windows: [{ from: clock(hour), to: clock(hour + 1) }] });
  const waiting = await until(
    'it waits',
    () => view(id),
    ({ progress }) => progress.waiting === DEVICES,
  );
  expect(waiting.counts.queued).toBe(0);
  expect(Date.parse(waiting.progress.resumesAt)).toBeGreaterThan(Date.now() + 3_000_000);
  expect((await rest.post(`/v1/notifications/${id}/cancel`)).body.status).toBe('cancelled');
  const cancelled = await until(
    'nobody waits',
    () => view(id),
    ({ progress }) => progress.waiting === 0,
  );
  expect(cancelled).toMatchObject({ status: 'cancelled', counts: { queued: 0 } });
});

it('goes to named devices at a pace too', async () => {
  const id = await sendPaced({ perSecond: 100 }, { audience: { device: ['d-1', 'd-2', 'nobody'] } });
  expect(
    (
      await until(
        'the end',
        () => view(id),
        ({ status }) => status === 'sent',
      )
    ).counts.queued,
  ).toBe(2);
});

it.each([
  [{ perSecond: 0 }, '/pace/perSecond', 'must be a number above 0, up to 100000'],
  [{ perSecond: 1, perMinute: 1 }, '/pace/perMinute', 'stands beside perSecond: use one of them'],
  [{ ramp: { from: 1, seconds: 9 } }, '/pace/ramp', 'needs perSecond or perMinute, to which it leads'],
  [
    { windows: [{ from: '9:00', to: '21:00' }] },
    '/pace/windows/0',
    'must be {"from": "09:00", "to": "21:00"}, two different times of day, and perhaps "days"',
  ],
  [
    { windows: [{ from: '09:00', to: '21:00', days: ['monday'] }] },
    '/pace/windows/0/days',
    'must be an array of mon, tue, wed, thu, fri, sat, sun',
  ],
  [{ zone: 'CEST' }, '/pace/zone', 'must be an IANA time zone, such as Europe/Berlin'],
  [{ notAfter: '2020-01-01T00:00:00Z' }, '/pace/notAfter', 'must lie after the time at which it is due'],
  [
    { speed: 1 },
    '/pace/speed',
    'is not known; a pace has perSecond, perMinute, ramp, windows, clock, zone, notAfter',
  ],
])('refuses %j', async (pace, pointer, detail) => {
  const { status, body } = await rest.post('/v1/notifications', {
    audience: { tag: 'all' },
    title: 'x',
    pace,
  });
  expect(status).toBe(400);
  expect(body.faults).toEqual([{ pointer, detail }]);
});

it('what goes to everybody at once cannot be paused', async () => {
  const id = await rest.send({ audience: { tag: 'all' } });
  expect((await rest.post(`/v1/notifications/${id}/pause`)).body).toMatchObject({
    code: 'conflict',
    detail: `notification ${id} has no pace: it goes to everybody at once`,
  });
});
