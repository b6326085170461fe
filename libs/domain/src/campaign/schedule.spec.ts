import { nextRuns, parseSchedule, type Run, runsOf, type Schedule, dueRuns } from '../index.js';
import { formatInZone, formatWallTime } from './wall-clock.js';

const NOW = Date.parse('2026-01-01T00:00:00Z');
const schedule = (json: unknown): Schedule => parseSchedule(json, NOW);

/** The first runs, as the clock of the zone shows them. */
function runs(json: { zone?: string } & Record<string, unknown>, limit = 4, after = NOW - 1): string[] {
  return nextRuns(schedule(json), after, limit).map(({ opensAt }) =>
    formatInZone(opensAt, json.zone ?? 'UTC'),
  );
}

describe('runs', () => {
  it('once, by an instant or on the clock of a zone', () => {
    expect(runs({ at: '2026-12-24T18:00:00+01:00' })).toEqual(['2026-12-24T17:00:00+00:00']);
    expect(runs({ at: '2026-12-24T18:00', zone: 'Asia/Shanghai' })).toEqual(['2026-12-24T18:00:00+08:00']);
    expect(runs({ at: '2025-12-24T18:00' })).toEqual([]);
  });

  it('by cron, within bounds, without exceptions', () => {
    const weekdays = {
      cron: '0 9 * * mon-fri',
      zone: 'Europe/Berlin',
      start: '2026-03-26',
      end: '2026-04-02',
    };
    expect(runs({ ...weekdays, except: ['2026-03-27', '2026-03-30T09:00'] }, 9)).toEqual([
      '2026-03-26T09:00:00+01:00',
      '2026-03-31T09:00:00+02:00',
      '2026-04-01T09:00:00+02:00',
      '2026-04-02T09:00:00+02:00',
    ]);
  });

  it('counts what happens, not what is excepted, wherever one looks from', () => {
    const counted = { cron: '@daily', count: 3, except: ['2026-01-02'] };
    expect(runs(counted)).toHaveLength(3);
    expect(runs(counted, 9, Date.parse('2026-01-03T12:00:00Z'))).toEqual(['2026-01-04T00:00:00+00:00']);
  });

  it('by RRULE from its start, with its own bounds', () => {
    const second = {
      rrule: 'FREQ=MONTHLY;BYDAY=2TU;UNTIL=20260601',
      start: '2026-01-01T07:30',
      zone: 'America/New_York',
    };
    expect(runs(second, 9)).toEqual([
      '2026-01-13T07:30:00-05:00',
      '2026-02-10T07:30:00-05:00',
      '2026-03-10T07:30:00-04:00',
      '2026-04-14T07:30:00-04:00',
      '2026-05-12T07:30:00-04:00',
    ]);
    expect(runs({ rrule: 'RRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=2', start: '2026-01-05T08:00' })).toEqual([
      '2026-01-05T08:00:00+00:00',
      '2026-01-19T08:00:00+00:00',
    ]);
  });

  it('with the clock of each device open where the day begins first and close where it ends last', () => {
    const [run] = nextRuns(schedule({ at: '2026-05-01T09:00', clock: 'device' }), NOW, 1) as [Run];
    expect(formatWallTime(run.wall)).toBe('2026-05-01T09:00:00');
    expect(new Date(run.opensAt).toISOString()).toBe('2026-04-30T19:00:00.000Z');
    expect(new Date(run.closesAt).toISOString()).toBe('2026-05-01T21:00:00.000Z');
  });
});

describe('where the clock is set forward', () => {
  const day = { zone: 'Europe/Berlin', start: '2026-03-29', end: '2026-03-29' };

  it('a time that does not exist comes as much later as the clock jumps', () => {
    expect(runs({ cron: '30 2 * * *', ...day })).toEqual(['2026-03-29T03:30:00+02:00']);
  });

  it('two times that fall together are one run, and later times keep their order', () => {
    expect(runs({ cron: '15,45 1-3 * * *', ...day }, 9)).toEqual([
      '2026-03-29T01:15:00+01:00',
      '2026-03-29T01:45:00+01:00',
      '2026-03-29T03:15:00+02:00',
      '2026-03-29T03:45:00+02:00',
    ]);
  });

  it('what comes every so often skips what the clock does not show', () => {
    expect(runs({ cron: '0 * * * *', ...day }, 5)).toEqual([
      '2026-03-29T00:00:00+01:00',
      '2026-03-29T01:00:00+01:00',
      '2026-03-29T03:00:00+02:00',
      '2026-03-29T04:00:00+02:00',
      '2026-03-29T05:00:00+02:00',
    ]);
  });
});

describe('where the clock is set back', () => {
  const day = { zone: 'Europe/Berlin', start: '2026-10-25', end: '2026-10-25' };

  it('a time that comes twice is taken the first time', () => {
    expect(runs({ cron: '30 2 * * *', ...day })).toEqual(['2026-10-25T02:30:00+02:00']);
  });

  it('what comes every so often comes in both', () => {
    expect(runs({ cron: '*/30 * * * *', ...day, start: '2026-10-25T02:00' }, 5)).toEqual([
      '2026-10-25T02:00:00+02:00',
      '2026-10-25T02:30:00+02:00',
      '2026-10-25T02:00:00+01:00',
      '2026-10-25T02:30:00+01:00',
      '2026-10-25T03:00:00+01:00',
    ]);
  });
});

describe('runs missed while nothing was there', () => {
  const now = Date.parse('2026-01-04T12:00:00Z');
  const after = Date.parse('2026-01-01T12:00:00Z');
  const due = (missed: string, at = now): [string[], number] => {
    const { start, missed: gone } = dueRuns(schedule({ cron: '@daily', missed }), after, at);
    return [start.map(({ wall }) => formatWallTime(wall).slice(0, 10)), gone.length];
  };

  it('are let go, made up for by the last one, or all started', () => {
    expect(due('skip')).toEqual([[], 3]);
    expect(due('once')).toEqual([['2026-01-04'], 2]);
    expect(due('all')).toEqual([['2026-01-02', '2026-01-03', '2026-01-04'], 0]);
  });

  it('need no making up for when one is due now', () => {
    const onTime = Date.parse('2026-01-04T00:00:10Z');
    expect(due('skip', onTime)).toEqual([['2026-01-04'], 2]);
    expect(due('once', onTime)).toEqual([['2026-01-04'], 2]);
  });

  it('are a hundred at most', () => {
    const { start, missed } = dueRuns(
      schedule({ cron: '@hourly', missed: 'all' }),
      NOW,
      NOW + 105 * 3_600_000,
    );
    expect([start.length, missed.length]).toEqual([100, 5]);
  });
});

describe('a schedule that is wrong', () => {
  it.each([
    [[], '', 'must be an object with one of: at, cron, rrule'],
    [{}, '', 'must have exactly one of at, cron, rrule, not none'],
    [{ at: '2026-01-01', cron: '@daily' }, '', 'must have exactly one of at, cron, rrule, not at and cron'],
    [
      { at: '2026-02-30T10:00' },
      '/at',
      'must be a time such as 2026-12-24T18:00:00 or 2026-12-24T18:00:00+01:00',
    ],
    [
      { at: '2026-02-30T10:00:00Z' },
      '/at',
      'must be a time such as 2026-12-24T18:00:00 or 2026-12-24T18:00:00+01:00',
    ],
    [
      { at: '2026-02-03T10:00:00Z', count: 3 },
      '/count',
      'goes with cron or rrule alone: at is a single time',
    ],
    [
      { at: '2026-02-03T10:00Z', clock: 'device' },
      '/at',
      'must be without an offset: it is read on the clock of each device',
    ],
    [{ cron: '@daily', zone: 'Mars/Olympus' }, '/zone', 'must be an IANA time zone, such as Europe/Berlin'],
    [{ cron: '@daily', zone: '+02:00' }, '/zone', 'must be an IANA time zone, such as Europe/Berlin'],
    [
      { cron: '0 9 * *' },
      '/cron',
      'has 4 fields; needed are five: minute, hour, day of month, month, day of week',
    ],
    [{ cron: '0  24 * * *' }, '/cron', '"24" at character 4: hour: Invalid value for hour: 24'],
    [{ cron: '0 0 30 2 *' }, '/cron', 'names a date that no year has'],
    [{ cron: '@midnight' }, '/cron', 'is none of @yearly, @annually, @monthly, @weekly, @daily, @hourly'],
    [
      { rrule: 'FREQ=DAILY;BYDAY=XX' },
      '/rrule',
      '"BYDAY=XX" at character 12: is a list of MO, TU, WE, TH, FR, SA, SU, each with a number before it where the n-th is meant',
    ],
    [
      { rrule: 'RRULE:FREQ=DAILY;BYHOUR=25' },
      '/rrule',
      '"BYHOUR=25" at character 18: is a number from 0 to 23',
    ],
    [
      { rrule: 'INTERVAL=2' },
      '/rrule',
      'has no FREQ; use one of YEARLY, MONTHLY, WEEKLY, DAILY, HOURLY, MINUTELY',
    ],
    [{ rrule: 'FREQ=SECONDLY' }, '/rrule', 'FREQ is one of YEARLY, MONTHLY, WEEKLY, DAILY, HOURLY, MINUTELY'],
    [{ rrule: 'FREQ=DAILY;COUNT=3;UNTIL=20270101' }, '/rrule', 'has COUNT and UNTIL; use one of them'],
    [{ rrule: 'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30' }, '/rrule', 'names no date'],
    [{ cron: '@daily', start: '2026-05-02', end: '2026-05-01' }, '/end', 'lies before the start'],
    [{ cron: '@daily', count: 0 }, '/count', 'must be a whole number from 1 to 10000'],
    [
      { cron: '@daily', except: ['2026-05-02', 'now'] },
      '/except/1',
      'must be a day (2026-12-24) or a time (2026-12-24T18:00)',
    ],
    [{ cron: '@daily', missed: 'maybe' }, '/missed', 'must be one of: skip, once, all'],
    [
      { cron: '@daily', every: 3 },
      '/every',
      'is not known; a schedule has at, cron, rrule, start, end, count, except, missed, zone, clock',
    ],
  ])('%j says where and why', (json, place, detail) => {
    let faults: unknown;
    try {
      schedule(json);
    } catch (error) {
      faults = (error as { faults: unknown }).faults;
    }
    expect(faults).toEqual([{ pointer: `/schedule${place}`, detail }]);
  });

  it('is told all its faults at once', () => {
    expect(() => schedule({ cron: '* * * * 9', zone: 'x', count: 'y' })).toThrow(
      expect.objectContaining({ code: 'invalid-schedule', faults: [1, 2, 3].map(() => expect.anything()) }),
    );
  });
});

it('a rule that never ends is read only as far as it is asked', () => {
  const first = runsOf(schedule({ cron: '* * * * *' }))
    [Symbol.iterator]()
    .next();
  expect((first.value as Run).opensAt).toBe(NOW);
});

describe('a schedule that comes every minute', () => {
  const now = Date.parse('2026-11-21T21:00:30Z');
  const DAY = 86_400_000;
  const every = (more: object = {}) =>
    parseSchedule({ cron: '* * * * *', zone: 'Europe/Berlin', start: '2020-01-01', ...more }, now);

  it('is quickly made up for after a month in which nothing was there', () => {
    const begun = performance.now();
    const { start, missed } = dueRuns(every({ missed: 'all' }), now - 30 * DAY, now);
    expect(performance.now() - begun).toBeLessThan(1_000);
    expect([start.length, missed.length]).toEqual([100, 100]);
    expect(start.at(-1)!.opensAt).toBe(now - 30_000);
    expect(start[0]!.opensAt - missed.at(-1)!.opensAt).toBe(60_000);
  });

  it.each(['zone', 'device'])(
    'tells its next time without going through the days before (clock: %s)',
    (clock) => {
      const schedule = every({ clock });
      const begun = performance.now();
      for (let i = 0; i < 200; i++) nextRuns(schedule, now + i, 1);
      expect(performance.now() - begun).toBeLessThan(1_000);
      expect(nextRuns(schedule, now, 1)[0]!.opensAt).toBe(now + 30_000);
    },
  );
});
