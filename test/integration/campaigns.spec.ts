import { randomUUID } from 'node:crypto';
import {
  type Campaign,
  type CampaignPlan,
  type CampaignRun,
  type CampaignState,
  type DeliveryState,
  type ScheduleJson,
  plannedFrom,
} from '@carillon/domain';
import { RedisCampaigns, RedisInbox, RedisNotifications, RunProgressReader } from '@carillon/persistence';
import { devicesOf, DUMMY_CREDENTIALS, testStore, type TestStore } from '@carillon/testing';
import { CampaignRunner } from '../../apps/worker/src/campaigns/campaign-runner.js';
import { WaitingCrossings } from '../../apps/worker/src/campaigns/waiting-crossings.js';

/** What workers do with campaigns, at times of the test's choosing. */
const APP = 'default';
const HOUR = 3_600_000;
// Far ahead: Redis forgets by its own clock.
const NOON = Date.parse('2040-06-01T12:00:00Z');

let test: TestStore;
let campaigns: RedisCampaigns;
let notifications: RedisNotifications;
let runners: CampaignRunner[];

beforeEach(() => {
  test = testStore();
  campaigns = new RedisCampaigns(test.store);
  notifications = new RedisNotifications(test.store);
  const reader = new RunProgressReader(notifications, new RedisInbox(test.store));
  const waiting = new WaitingCrossings(campaigns, notifications);
  runners = [1, 2].map(() => new CampaignRunner(campaigns, reader, waiting));
});
afterEach(() => test.close());

const pace = { perSecond: 10, ramp: undefined, windows: [], zone: 'UTC' };
const template = (title: string): CampaignPlan['variants'][number]['template'] => ({
  id: 'template',
  app: APP,
  kind: 'notification',
  title,
  audience: { tag: ['tea'] },
  acceptedAt: 0,
  at: 0,
  expiresAt: 2 * HOUR,
  ttl: 3_600,
  pace: { ...pace, notAfter: HOUR },
});

/** A campaign that was started at noon. */
async function started(
  schedule: ScheduleJson | undefined,
  more: Partial<CampaignPlan> = {},
): Promise<string> {
  const id = campaigns.newId(NOON);
  const plan: CampaignPlan = {
    name: randomUUID(),
    audience: { tag: ['tea'] },
    variants: [{ name: 'all', share: 10_000, template: template('Tea') }],
    holdOut: 0,
    scheduledFrom: NOON,
    ...(schedule && { schedule }),
    ...more,
  };
  const times = { createdAt: NOON, editedAt: NOON, startedAt: NOON, plannedTo: NOON };
  const keys = { createdBy: 'k', editedBy: 'k' };
  const fields = { app: APP, state: 'scheduled', plan, given: {}, open: [], ...times, ...keys } as const;
  await campaigns.create(id, fields, { at: NOON, by: 'k', action: 'create', state: 'draft' }, NOON);
  return id;
}

const look = async (id: string, at: number): Promise<Campaign> => {
  await Promise.all(runners.map((runner) => runner.look(id, at)));
  return (await campaigns.find(id))!;
};
/** All runs, the earliest first. */
const runsOf = async (id: string): Promise<CampaignRun[]> =>
  (await campaigns.runs(id, Infinity, 1_000)).reverse();
const queued = async (): Promise<number> => {
  const { client, keys } = test.store;
  const lengths = await Promise.all(test.store.allLanes().map((lane) => client.xlen(keys.intake(lane))));
  return lengths.reduce((sum, length) => sum + length, 0);
};
const finishAll = async (id: string, at: number): Promise<void> => {
  for (const { parts } of (await campaigns.find(id))!.open)
    for (const { notificationId } of parts) await notifications.beginFanOut(notificationId, [], at);
};

/** Devices get a notification, and say what became of it. */
async function deliver(
  notificationId: string,
  deviceIds: readonly string[],
  state: (device: { id: string; index: number }) => DeliveryState,
): Promise<void> {
  const [inbox, devices] = [new RedisInbox(test.store), devicesOf(test.store)];
  const now = Date.now();
  const deposit = { app: APP, notificationId, expiresAt: now + HOUR, onlineOnly: false };
  for (const [index, id] of deviceIds.entries()) {
    await devices.create(APP, id, {}, DUMMY_CREDENTIALS);
    await inbox.deposit(deposit, [id], now);
    await inbox.record([{ app: APP, notificationId, deviceId: id, state: state({ id, index }), at: now }]);
  }
}

it('begins every run once, however many workers look at it, and is done behind the last', async () => {
  const id = await started({ cron: '0 * * * *', count: 3, missed: 'skip' });
  expect(await look(id, NOON + 1_000)).toMatchObject({ state: 'scheduled', open: [] });
  const running = await look(id, NOON + HOUR + 50);
  expect(running).toMatchObject({ state: 'running', open: [{ at: NOON + HOUR }] });
  await look(id, NOON + HOUR + 100);
  expect(await queued()).toBe(1);
  const { notificationId } = running.open[0]!.parts[0]!;
  const { notification } = (await notifications.find(notificationId))!;
  expect(notification).toMatchObject({
    title: 'Tea',
    at: NOON + HOUR,
    expiresAt: NOON + HOUR + 2 * HOUR,
    pace: { notAfter: NOON + 2 * HOUR },
  });
  await finishAll(id, NOON + HOUR + 200);
  expect(await look(id, NOON + HOUR + 300)).toMatchObject({ state: 'running', open: [] });
  await look(id, NOON + 2 * HOUR);
  await finishAll(id, NOON + 2 * HOUR);
  expect((await look(id, NOON + 2 * HOUR + 500)).state).toBe('done');
  expect(await queued()).toBe(2);
  expect((await runsOf(id)).map(({ at, endedAt }) => [at, endedAt !== undefined])).toEqual([
    [NOON + HOUR, true],
    [NOON + 2 * HOUR, true],
  ]);
  const actions = (await campaigns.changes(id)).map(({ action }) => action);
  expect(actions).toEqual(['finish', 'run', 'create']);
});

it('looks at a long run less often, unless its errors are watched', async () => {
  const pauses = async (more: Partial<CampaignPlan>): Promise<number[]> => {
    const id = await started({ at: '2040-06-01T13:00:00Z' }, more);
    const found: number[] = [];
    for (const after of [0, 1_000, 40_000, HOUR]) {
      await look(id, NOON + HOUR + after);
      const score = await test.store.client.zscore(test.store.keys.campaignsDue(test.store.laneOf(id)), id);
      found.push(Number(score) - (NOON + HOUR + after));
    }
    return found;
  };
  expect(await pauses({})).toEqual([500, 500, 2_000, 5_000]);
  expect(await pauses({ maxErrorRate: 0.5 })).toEqual([500, 500, 500, 500]);
});

it('has a hundred runs at work at the most, however often its schedule comes', async () => {
  const id = await started({ cron: '* * * * *', clock: 'device', missed: 'all' });
  const { plan } = (await campaigns.find(id))!;
  await campaigns.change(id, NOON, () => ({ fields: { plannedTo: plannedFrom(plan, NOON) } }));
  for (let i = 0; i < 12; i++) await look(id, NOON + i);
  const later = NOON + 5 * 60_000;
  expect((await look(id, later)).open).toHaveLength(100);
  // It is not looked at all the time for that.
  const due = await test.store.client.zscore(test.store.keys.campaignsDue(test.store.laneOf(id)), id);
  expect(Number(due)).toBeGreaterThanOrEqual(later + 500);
  await finishAll(id, later);
  await look(id, later + 500);
  expect((await look(id, later + 600)).open).toHaveLength(5);
});

it.each([
  ['skip', [], [1, 2, 3]],
  ['once', [3], [1, 2]],
  ['all', [1, 2, 3], []],
] as const)('after three runs were missed, with %s', async (missed, begun, dropped) => {
  const id = await started({ cron: '0 * * * *', missed });
  const now = NOON + 3.5 * HOUR;
  const { plannedTo } = await look(id, now);
  expect(plannedTo).toBe(NOON + 3 * HOUR);
  const runs = await runsOf(id);
  const hours = (which: boolean) =>
    runs.filter((run) => (run.missed === true) === which).map(({ at }) => (at - NOON) / HOUR);
  expect([hours(false), hours(true)]).toEqual([begun, dropped]);
  // A run that is made up for has its time to live from now on.
  const [run] = runs.filter(({ parts }) => parts.length > 0);
  const record = run && (await notifications.find(run.parts[0]!.notificationId));
  expect(record?.notification.at).toBe(run && now);
});

it('on the clocks of devices, begins where the time comes first, and gives each device its own', async () => {
  const id = await started({ cron: '0 20 * * *', clock: 'device', zone: 'Europe/Berlin' });
  const { plan } = (await campaigns.find(id))!;
  await campaigns.change(id, NOON, () => ({ fields: { plannedTo: plannedFrom(plan, NOON) } }));
  const pacesAt = async (at: number) => {
    const { open } = await look(id, at);
    const { notificationId } = open.at(-1)!.parts[0]!;
    const { notification } = (await notifications.find(notificationId))!;
    return { count: open.length, at: notification.at, pace: notification.pace };
  };
  const [today, tomorrow] = ['2040-06-01', '2040-06-02'].map((day) => Date.parse(`${day}T00:00:00Z`));
  const closes = (day: number): number => day + 20 * HOUR + 12 * HOUR;
  // In Kiribati it was eight in the evening six hours ago: whom it has passed there is not told.
  expect(await pacesAt(NOON)).toMatchObject({
    count: 1,
    at: NOON,
    pace: {
      deliverAt: {
        by: 'local',
        minutes: 0,
        day: today! + 20 * HOUR,
        defaultZone: 'Europe/Berlin',
        ifPassed: 'skip',
      },
      notAfter: closes(today!) + HOUR,
    },
  });
  const opens = tomorrow! + 6 * HOUR;
  expect((await look(id, opens - 1)).open).toHaveLength(1);
  expect(await pacesAt(opens)).toMatchObject({
    count: 2,
    at: opens,
    pace: { deliverAt: { day: tomorrow! + 20 * HOUR, ifPassed: 'now' }, notAfter: closes(tomorrow!) + HOUR },
  });
});

it('begins nothing behind a pause or an end', async () => {
  const id = await started({ cron: '0 * * * *' });
  for (const state of ['paused', 'cancelled'] as CampaignState[]) {
    await campaigns.change(id, NOON, () => ({ fields: { state } }));
    await look(id, NOON + HOUR);
    expect(await runsOf(id)).toEqual([]);
  }
  // One that read it before somebody paused it has to read it again.
  const before = (await campaigns.find(id))!;
  await campaigns.change(id, NOON, () => ({ fields: { state: 'paused' } }));
  expect(await campaigns.write(id, APP, before.revision, { fields: { state: 'running' } }, NOON)).toBe(0);
});

it('pauses, lets go on and cancels the notifications of its runs in the same step', async () => {
  const id = await started(undefined);
  await campaigns.change(id, NOON, () => ({ fields: { plannedTo: NOON - 1 } }));
  const [run] = (await look(id, NOON)).open;
  const { notificationId } = run!.parts[0]!;
  const steer = (verb: 'pause' | 'resume' | 'cancel') =>
    campaigns.change(id, NOON, () => ({ fields: {}, commands: [{ verb, notificationId }] }));
  await steer('pause');
  expect((await notifications.find(notificationId))!.paused).toBe(true);
  await steer('resume');
  expect((await notifications.find(notificationId))!.paused).toBe(false);
  await steer('cancel');
  expect((await notifications.find(notificationId))!.status).toBe('cancelled');
  await steer('pause');
  expect((await notifications.find(notificationId))!.paused).toBe(false);
});

it('holds back what a geofence triggered and has still to go out, lets it go on, and cancels it', async () => {
  const trigger = { geofence: 'shop', on: ['enter'] } as const;
  const id = await started(undefined, { trigger });
  const now = Date.now();
  const at = now + HOUR;
  const { pace: _, ...single } = template('Here');
  const notificationId = notifications.newId(APP, undefined, now);
  await notifications.accept({ ...single, id: notificationId, acceptedAt: now, at, expiresAt: at + HOUR });
  await campaigns.cross(id, { variant: 'all', notificationId }, now);
  const { client, keys } = test.store;
  const due = async () => client.zscore(keys.due(test.store.laneOf(notificationId)), notificationId);
  const steer = async (state: CampaignState) => {
    await campaigns.change(id, NOON, () => ({ fields: { state } }));
    await look(id, NOON);
    return due();
  };
  expect(await due()).toBe(String(at));
  expect(Number(await steer('paused'))).toBeGreaterThan(Date.parse('9999-01-01'));
  expect(await steer('running')).toBe(String(at));
  expect(await steer('cancelled')).toBeNull();
  expect((await notifications.find(notificationId))!.status).toBe('cancelled');
});

it('tries variants on their shares, and sends the winner to the rest, once', async () => {
  const variants = ['A', 'B'].map((name) => ({ name, share: 1_000, template: template(name) }));
  const id = await started({ cron: '0 * * * *' }, { variants, holdOut: 500, winnerAfter: 60 });
  const at = NOON + HOUR;
  const { open } = await look(id, at);
  expect(open).toMatchObject([{ undecided: true, parts: [{ variant: 'A' }, { variant: 'B' }] }]);
  const found = await Promise.all(
    open[0]!.parts.map(
      async ({ notificationId }) => (await notifications.find(notificationId))!.notification,
    ),
  );
  expect(found.map(({ title, audience }) => [title, audience])).toEqual([
    ['A', { all: [{ tag: ['tea'] }, { bucket: { salt: id, from: 500, to: 1_500 } }] }],
    ['B', { all: [{ tag: ['tea'] }, { bucket: { salt: id, from: 1_500, to: 2_500 } }] }],
  ]);
  // The rate is that of the run.
  expect(found.map(({ pace }) => pace!.perSecond)).toEqual([5, 5]);
  // Three have B, and one of them opened it.
  const [, b] = open[0]!.parts;
  await notifications.beginFanOut(b!.notificationId, [test.store.allPartitions()], at);
  await deliver(b!.notificationId, ['x', 'y', 'z'], ({ id: device }) =>
    device === 'x' ? 'opened' : 'acknowledged',
  );
  expect((await look(id, at + 59_000)).winner).toBeUndefined();
  const decided = await look(id, at + 60_000);
  expect(decided).toMatchObject({ winner: 'B', open: [{ parts: [{}, {}, { variant: 'B', rest: true }] }] });
  expect(decided.open[0]).not.toHaveProperty('undecided');
  const rest = await notifications.find(decided.open[0]!.parts[2]!.notificationId);
  expect(rest!.notification).toMatchObject({
    title: 'B',
    pace: { perSecond: 10 },
    at: at + 60_000,
    audience: { all: [{ tag: ['tea'] }, { bucket: { salt: id, from: 2_500, to: 10_000 } }] },
  });
  await look(id, at + 61_000);
  expect(await queued()).toBe(3);
  // The next run sends the winner to all who are not held out.
  const next = await look(id, at + HOUR);
  const { parts } = next.open.at(-1)!;
  expect(parts).toMatchObject([{ variant: 'B' }]);
  expect((await notifications.find(parts[0]!.notificationId))!.notification.audience).toEqual({
    all: [{ tag: ['tea'] }, { bucket: { salt: id, from: 500, to: 10_000 } }],
  });
});

it('pauses itself when too much fails, and what was pardoned counts no more', async () => {
  const id = await started({ cron: '0 * * * *' }, { maxErrorRate: 0.2 });
  const at = NOON + HOUR;
  const { open } = await look(id, at);
  const { notificationId } = open[0]!.parts[0]!;
  await notifications.beginFanOut(notificationId, [test.store.allPartitions()], at);
  const end = (from: number, to: number, failures: number) =>
    deliver(
      notificationId,
      Array.from({ length: to - from }, (_, i) => `d${from + i}`),
      ({ index }) => (index < failures ? 'failed' : 'acknowledged'),
    );
  await end(0, 19, 10);
  expect((await look(id, at + 1_000)).state).toBe('running');
  await end(19, 25, 0);
  const paused = await look(id, at + 2_000);
  expect(paused).toMatchObject({ state: 'paused', reason: '10 of 25 deliveries failed, more than 20 %' });
  expect((await notifications.find(notificationId))!.paused).toBe(true);
  await campaigns.change(id, at, () => ({
    fields: { state: 'running' },
    commands: [{ verb: 'resume', notificationId }],
  }));
  expect((await look(id, at + 3_000)).state).toBe('running');
  await end(25, 50, 6);
  expect((await look(id, at + 4_000)).reason).toBe('6 of 25 deliveries failed, more than 20 %');
});
