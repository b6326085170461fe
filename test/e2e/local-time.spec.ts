import { MqttDevice, PollDevice, XmppDevice } from '../support/devices.js';
import { type GatewayProcess, Installation } from '../support/gateway.js';
import { Rest } from '../support/rest.js';
import { until } from '../support/until.js';

/** Each device at its own time. */
const installation = new Installation();
let gateway: GatewayProcess;
let rest: Rest;

const HOUR = 3_600_000;
/** Zones without daylight saving, from UTC-11 to UTC+14. */
const ZONES = Array.from({ length: 26 }, (_, i) => (i < 12 ? `Etc/GMT+${11 - i}` : `Etc/GMT-${i - 11}`));
const offsetOf = (zone: string): number => -Number(zone.slice('Etc/GMT'.length)) * HOUR;

beforeAll(async () => {
  gateway = await installation.start('all-in-one');
  rest = new Rest(gateway.url('HTTP'), installation.adminKey);
  await Promise.all(
    ZONES.map((timeZone, i) => rest.register(`z-${i}`, { timeZone, user: `z-${i}`, tags: ['world'] })),
  );
});
afterAll(() => installation.end());

const view = async (id: string) => (await rest.get(`/v1/notifications/${id}`)).body;
const comes = (what: string, id: string, holds: (body: Awaited<ReturnType<typeof view>>) => boolean) =>
  until(what, () => view(id), holds);
/** What a clock in a zone shows. */
const clock = (at: number, zone = 'Etc/GMT-0') => new Date(at + offsetOf(zone)).toISOString();
const timeOf = (at: number, zone?: string) => clock(at, zone).slice(11, 16);

it('over 26 zones: those whose time it is, at a rate; the others have their turns in their hours', async () => {
  // Twice as many in one zone, whose time comes within seconds.
  const soon = Math.ceil((Date.now() + 2_000) / 60_000) * 60_000;
  const wait = soon - Date.now();
  const here = 'Etc/GMT-0';
  const near = wait < 4_000;
  // Where the minute is too far away, the zone's time is the present minute of the day before: it is due at once.
  const day = near ? soon : soon - 60_000;
  const tokens = await Promise.all(
    Array.from({ length: 10 }, (_, i) => rest.register(`here-${i}`, { timeZone: here, tags: ['world'] })),
  );
  const phone = new MqttDevice({ id: 'here-0', token: tokens[0]! }, { url: gateway.url('MQTT') });
  const desk = new XmppDevice({ id: 'here-1', token: tokens[1]! }, { service: gateway.url('XMPP') });
  await Promise.all([phone.connect(), desk.connect()]);
  const id = await rest.send({
    audience: { tag: 'world' },
    deliverAt: { localTime: timeOf(day, here), date: clock(day, here).slice(0, 10), ifPassed: 'now' },
    pace: { perSecond: 10, notAfter: new Date(Date.now() + 3 * 24 * HOUR).toISOString() },
  });
  // Zones to the east of this one had that time before, and are told at once: they and those here, at ten a second.
  const past = ZONES.filter((zone) => offsetOf(zone) > 0).length;
  const now = past + 10 + 1;
  const later = ZONES.length - past - 1;
  const reached = await comes('those whose time it is', id, ({ counts }) => counts.queued === now);
  expect(reached.progress).toMatchObject({ waiting: later, perSecond: 10 });
  expect(Math.abs(Date.parse(reached.progress.nextAt) - (day + HOUR))).toBeLessThan(1_000);
  await Promise.all([phone.expect(1), desk.expect(1)]);
  expect(phone.received[0]!.at).toBeGreaterThanOrEqual(day - 50);
  const { body } = await rest.get(`/v1/notifications/${id}/deliveries?limit=1000`);
  const times = (body.deliveries as { steps: { at: string }[] }[]).map(({ steps }) =>
    Date.parse(steps[0]!.at),
  );
  for (const at of times)
    expect(times.filter((other) => other >= at && other < at + 1_000).length).toBeLessThanOrEqual(20);
  const west = await rest.get(`/v1/devices/z-0/explain?notification=${id}`);
  const turn = new Date(day + 11 * HOUR).toISOString();
  expect(west.body.why).toEqual([`It is being sent, and the device has its turn from ${turn} on.`]);
  expect((await rest.post(`/v1/notifications/${id}/pause`)).body.status).toBe('paused');
  expect((await rest.post(`/v1/notifications/${id}/resume`)).body.status).toBe('sending');
  await rest.post(`/v1/notifications/${id}/cancel`);
  await comes('nobody waits', id, ({ progress }) => progress.waiting === 0);
  await Promise.all([phone.disconnect(), desk.disconnect()]);
});

it('passes over those whose time has passed, where that is asked for, with a receipt', async () => {
  const time = Date.now() - 60_000;
  const id = await rest.send({
    audience: { tag: 'world' },
    deliverAt: { localTime: timeOf(time), date: clock(time).slice(0, 10), ifPassed: 'skip' },
  });
  const passed = ZONES.filter((zone) => offsetOf(zone) >= 0).length + 10;
  const { counts } = await comes('the receipts', id, (body) => body.counts.suppressed === passed);
  expect(counts.queued).toBe(passed);
  const east = await rest.get(`/v1/devices/z-25/explain?notification=${id}`);
  expect(east.body.why[0]).toMatch(/^On its own clock the time had passed/);
  await rest.post(`/v1/notifications/${id}/cancel`);
});

it('goes by the zone that a device reports, and has its quiet hours on its own clock', async () => {
  const token = await rest.register('reports', {});
  const phone = new MqttDevice({ id: 'reports', token }, { url: gateway.url('MQTT') });
  await phone.connect();
  // There it is about noon, so it is not now where nobody has said where.
  const hour = new Date().getUTCHours();
  const zone = ZONES.find((each) => offsetOf(each) === (12 - hour) * HOUR) ?? 'Etc/GMT-0';
  await phone.report({ type: 'clock', timeZone: zone });
  await until(
    'its zone is known',
    async () => (await rest.get('/v1/devices/reports')).body.timeZone,
    (timeZone) => timeZone === zone,
  );
  const windows = [{ from: '11:00', to: '15:00' }];
  const awake = await rest.send({ audience: { device: 'reports' }, pace: { windows, clock: 'device' } });
  expect(await phone.expect(1)).toEqual([awake]);
  const night = [{ from: '22:00', to: '06:00' }];
  const asleep = await rest.send({
    audience: { device: 'reports' },
    pace: { windows: night, clock: 'device' },
  });
  const waiting = await comes('it waits', asleep, ({ progress }) => progress.waiting === 1);
  const opens = Date.parse(waiting.progress.nextAt);
  expect(timeOf(opens, zone)).toBe('22:00');
  await rest.post(`/v1/notifications/${asleep}/cancel`);
  await phone.disconnect();
});

it('comes in the hour in which a device is most active, and otherwise when it is said', async () => {
  const token = await rest.register('habits', {});
  const phone = new PollDevice({ id: 'habits', token }, gateway.url('HTTP'));
  await phone.connect();
  const opened = await rest.send({ audience: { device: 'habits' } });
  await phone.expect(1);
  await phone.report({ type: 'opened', id: opened });
  await phone.report({ type: 'opened', id: opened });
  await until(
    'it is known when it is in use',
    async () => (await rest.get('/v1/devices/habits/export')).body.activityByHour as number[],
    (hours) => hours.reduce((sum, count) => sum + count) >= 5,
  );
  await rest.register('unknown-habits', {});
  const hour = (new Date().getUTCHours() + 3) % 24;
  const otherwise = `${String(hour).padStart(2, '0')}:00`;
  const id = await rest.send({
    audience: { device: ['habits', 'unknown-habits'] },
    deliverAt: { activeHour: true, otherwise },
  });
  const { progress } = await comes(
    'the one that is known',
    id,
    (seen) => seen.counts.queued === 1 && seen.progress?.nextAt !== undefined,
  );
  expect(await phone.expect(2)).toContain(id);
  expect(timeOf(Date.parse(progress.nextAt))).toBe(otherwise);
  await rest.post(`/v1/notifications/${id}/cancel`);
  await phone.disconnect();
});

it('is when a campaign runs, if its schedule is on the clock of each device', async () => {
  await Promise.all(
    ['Etc/GMT-14', 'Etc/GMT-13'].map((timeZone, i) => rest.register(`far-${i}`, { timeZone, tags: ['far'] })),
  );
  await rest.register('far-nowhere', { tags: ['far'] });
  const soon = Math.ceil((Date.now() + 5_000) / 1_000) * 1_000;
  const { status, body } = await rest.post('/v1/campaigns', {
    name: 'Morning',
    audience: 'tag:far',
    message: { title: 'Morning' },
    schedule: { at: clock(soon, 'Etc/GMT-14').slice(0, 19), clock: 'device' },
  });
  expect([status, body.id]).toEqual([201, expect.any(String)]);
  expect((await rest.post(`/v1/campaigns/${body.id}/start`)).status).toBe(200);
  const runs = await until(
    'it runs',
    async () => (await rest.get(`/v1/campaigns/${body.id}/runs`)).body.runs,
    ([run]) => run?.parts?.[0] !== undefined,
  );
  const [{ notification }] = runs[0].parts;
  const { progress } = await comes('the first zone', notification, ({ counts, progress: left }) => {
    return counts.queued === 1 && left.waiting === 2;
  });
  expect(Date.parse(progress.nextAt)).toBe(soon + HOUR);
  const far = await rest.get(`/v1/devices/far-nowhere/explain?notification=${notification}`);
  expect(far.body.why[0]).toContain(new Date(soon + 14 * HOUR).toISOString());
  expect((await rest.post(`/v1/campaigns/${body.id}/cancel`)).status).toBe(200);
  await comes('nobody waits', notification, (seen) => seen.progress.waiting === 0);
});

it.each([
  [{ deliverAt: { localTime: '9:00' } }, '/deliverAt/localTime'],
  [{ deliverAt: { localTime: '09:00', date: '2027-01-01' }, at: '2027-01-01T00:00:00Z' }, '/at'],
  [{ deliverAt: { localTime: '09:00', date: '2020-01-01' } }, '/deliverAt/date'],
  [{ deliverAt: { localTime: '09:00', date: '2090-01-01' } }, '/deliverAt/date'],
  [{ pace: { clock: 'mine' } }, '/pace/clock'],
])('refuses %j', async (more, pointer) => {
  const { status, body } = await rest.post('/v1/notifications', {
    audience: { tag: 'world' },
    title: 'x',
    ...more,
  });
  expect([status, body.faults[0].pointer]).toEqual([400, pointer]);
});
