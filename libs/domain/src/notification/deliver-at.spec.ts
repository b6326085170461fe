import { Temporal } from 'temporal-polyfill';
import { CarillonError } from '../errors/carillon-error.js';
import { deliveryTime, firstTime, lastTime, parseDeliverAt } from './deliver-at.js';

const at = (text: string): number => Date.parse(text);
const day = (json: object) => parseDeliverAt(json);
const told = (json: object, device: object, from: string): string => {
  const time = deliveryTime(day(json), device, at(from));
  return time === 'passed' ? time : new Date(time).toISOString().replace(':00.000Z', 'Z');
};

it.each([
  // The next nine o'clock, wherever they are.
  [{ localTime: '09:00' }, 'Europe/Berlin', '2027-01-10T07:00:00Z', '2027-01-10T08:00Z'],
  [{ localTime: '09:00' }, 'Europe/Berlin', '2027-01-10T08:00:00Z', '2027-01-10T08:00Z'],
  [{ localTime: '09:00' }, 'Europe/Berlin', '2027-01-10T08:00:01Z', '2027-01-11T08:00Z'],
  [{ localTime: '09:00' }, 'Pacific/Kiritimati', '2027-01-10T12:00:00Z', '2027-01-10T19:00Z'],
  [{ localTime: '00:00' }, 'America/New_York', '2027-01-10T12:00:00Z', '2027-01-11T05:00Z'],
  [{ localTime: '09:15' }, 'Asia/Kathmandu', '2027-01-10T00:00:00Z', '2027-01-10T03:30Z'],
  // On a day.
  [
    { localTime: '09:00', date: '2027-01-10' },
    'Pacific/Kiritimati',
    '2027-01-01T00:00:00Z',
    '2027-01-09T19:00Z',
  ],
  [{ localTime: '09:00', date: '2027-01-10' }, 'Etc/GMT+12', '2027-01-01T00:00:00Z', '2027-01-10T21:00Z'],
  [{ localTime: '09:00', date: '2027-01-10' }, 'Asia/Tokyo', '2027-01-10T03:00:00Z', '2027-01-10T03:00Z'],
  [
    { localTime: '09:00', date: '2027-01-10', ifPassed: 'skip' },
    'Asia/Tokyo',
    '2027-01-10T03:00:00Z',
    'passed',
  ],
  // A clock that jumps over the time, and one that shows it twice.
  [{ localTime: '02:30', date: '2027-03-28' }, 'Europe/Berlin', '2027-01-01T00:00:00Z', '2027-03-28T01:30Z'],
  [{ localTime: '02:30', date: '2027-10-31' }, 'Europe/Berlin', '2027-01-01T00:00:00Z', '2027-10-31T00:30Z'],
  // Without a zone.
  [{ localTime: '09:00' }, undefined, '2027-01-10T00:00:00Z', '2027-01-10T09:00Z'],
  [{ localTime: '09:00', defaultZone: 'Asia/Tokyo' }, undefined, '2027-01-09T12:00:00Z', '2027-01-10T00:00Z'],
  [
    { localTime: '09:00', defaultZone: 'Asia/Tokyo' },
    'No/Where',
    '2027-01-09T12:00:00Z',
    '2027-01-10T00:00Z',
  ],
])('%j in %s from %s is %s', (json, timeZone, from, expected) => {
  expect(told(json, { timeZone }, from)).toBe(expected);
});

it.each([
  // Active from 18:00 to 18:59 UTC.
  ['000000000000000000900000', '2027-01-10T10:00:00Z', '2027-01-10T18:00Z'],
  ['000000000000000000900000', '2027-01-10T18:20:00Z', '2027-01-10T18:20Z'],
  ['000000000000000000900000', '2027-01-10T19:00:00Z', '2027-01-11T18:00Z'],
  // Too little is known: noon in Tokyo.
  ['000000000000000000100000', '2027-01-10T10:00:00Z', '2027-01-11T03:00Z'],
  [undefined, '2027-01-10T10:00:00Z', '2027-01-11T03:00Z'],
])('in the most active hour of %s from %s is %s', (activity, from, expected) => {
  expect(told({ activeHour: true }, { activity, timeZone: 'Asia/Tokyo' }, from)).toBe(expected);
});

it('in every zone is that time on its clock, the first from then on', () => {
  const from = at('2027-03-13T17:11:00Z');
  for (const timeZone of Intl.supportedValuesOf('timeZone')) {
    const time = deliveryTime(day({ localTime: '09:00' }), { timeZone }, from) as number;
    const shown = Temporal.Instant.fromEpochMilliseconds(time).toZonedDateTimeISO(timeZone);
    expect([timeZone, shown.hour, shown.minute, time >= from && time < from + 25 * 3_600_000]).toEqual([
      timeZone,
      9,
      0,
      true,
    ]);
  }
});

it('of a day lies between the first and the last zone', () => {
  const rule = day({ localTime: '09:00', date: '2027-06-01' });
  const times = Intl.supportedValuesOf('timeZone').map(
    (timeZone) => deliveryTime(rule, { timeZone }, 0) as number,
  );
  expect(Math.min(...times)).toBeGreaterThanOrEqual(firstTime(rule)!);
  expect(Math.max(...times)).toBeLessThanOrEqual(lastTime(rule)!);
  expect(new Set(times).size).toBeGreaterThanOrEqual(24);
});

it.each([
  [{}, [['/deliverAt/localTime', 'must be a time of day, 00:00 to 23:59']]],
  [{ localTime: '24:00' }, [['/deliverAt/localTime', 'must be a time of day, 00:00 to 23:59']]],
  [{ localTime: '09:00', date: '2027-02-30' }, [['/deliverAt/date', 'must be a day, such as 2026-12-24']]],
  [{ localTime: '09:00', otherwise: '10:00' }, [['/deliverAt/otherwise', 'is for activeHour']]],
  [{ activeHour: false }, [['/deliverAt/activeHour', 'must be true']]],
  [{ activeHour: true, date: '2027-02-01' }, [['/deliverAt/date', 'is not for activeHour']]],
  [
    { localTime: '09:00', defaultZone: 'CEST', ifPassed: 'later', when: 1 },
    [
      [
        '/deliverAt/when',
        'is not known; known are localTime, date, activeHour, otherwise, defaultZone, ifPassed',
      ],
      ['/deliverAt/defaultZone', 'must be an IANA time zone, such as Europe/Berlin'],
      ['/deliverAt/ifPassed', 'must be "now" or "skip"'],
    ],
  ],
])('%j is refused', (json, faults) => {
  let found: unknown;
  try {
    parseDeliverAt(json);
  } catch (error) {
    found = (error as CarillonError).faults.map(({ pointer, detail }) => [pointer, detail]);
  }
  expect(found).toEqual(faults);
});
