import { parseDateTime } from '../time/instant.js';
import { instantOf, isTimeZone } from './wall-clock.js';

describe('zones', () => {
  it.each([
    ['Europe/Berlin', '2026-01-15T12:00', '2026-01-15T11:00:00.000Z'],
    ['Europe/Berlin', '2026-07-15T12:00', '2026-07-15T10:00:00.000Z'],
    ['europe/berlin', '2026-07-15T12:00', '2026-07-15T10:00:00.000Z'],
    ['UTC', '2026-07-15T12:00', '2026-07-15T12:00:00.000Z'],
    ['Asia/Kathmandu', '2026-07-15T12:00', '2026-07-15T06:15:00.000Z'],
    ['Pacific/Kiritimati', '2026-07-15T01:00', '2026-07-14T11:00:00.000Z'],
    ['America/St_Johns', '2026-07-15T12:00:30.5', '2026-07-15T14:30:30.500Z'],
    // Clocks go forward: 02:30 is not there, 03:30 is meant.
    ['Europe/Berlin', '2026-03-29T01:59:59', '2026-03-29T00:59:59.000Z'],
    ['Europe/Berlin', '2026-03-29T02:00', '2026-03-29T01:00:00.000Z'],
    ['Europe/Berlin', '2026-03-29T02:30', '2026-03-29T01:30:00.000Z'],
    ['Europe/Berlin', '2026-03-29T03:00', '2026-03-29T01:00:00.000Z'],
    ['America/New_York', '2026-03-08T02:30', '2026-03-08T07:30:00.000Z'],
    // By half an hour only.
    ['Australia/Lord_Howe', '2026-10-04T02:15', '2026-10-03T15:45:00.000Z'],
    // Clocks go back: 02:30 is there twice, the earlier is meant.
    ['Europe/Berlin', '2026-10-25T01:59:59', '2026-10-24T23:59:59.000Z'],
    ['Europe/Berlin', '2026-10-25T02:30', '2026-10-25T00:30:00.000Z'],
    ['Europe/Berlin', '2026-10-25T03:00', '2026-10-25T02:00:00.000Z'],
    ['America/New_York', '2026-11-01T01:30', '2026-11-01T05:30:00.000Z'],
    // A whole day was left out.
    ['Pacific/Apia', '2011-12-30T12:00', '2011-12-30T22:00:00.000Z'],
  ])('in %s, %s is %s', (zone, local, instant) => {
    expect(new Date(instantOf(parseDateTime(local)!.wallClock, zone)).toISOString()).toBe(instant);
  });

  it.each(['Europe/Berlin', 'UTC', 'Etc/GMT+5', 'America/Argentina/Buenos_Aires'])('%s is one', (zone) => {
    expect(isTimeZone(zone)).toBe(true);
  });

  it.each(['Mars/Olympus', '', '+02:00', 'Europe/Berlin ', 'local', 'x'.repeat(100)])(
    '%j is none',
    (zone) => {
      expect(isTimeZone(zone)).toBe(false);
    },
  );
});
