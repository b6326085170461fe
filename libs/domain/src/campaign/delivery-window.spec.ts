import { allowedFrom, type DeliveryWindow } from './delivery-window.js';

const DAYTIME: DeliveryWindow = { from: 9 * 60, to: 21 * 60 };
const at = (text: string): number => Date.parse(text);
const allowed = (text: string, zone: string, windows: DeliveryWindow[]): string =>
  new Date(allowedFrom(at(text), zone, windows)).toISOString();

it.each([
  ['2026-06-01T08:00:00Z', 'UTC', [DAYTIME], '2026-06-01T09:00:00.000Z'],
  ['2026-06-01T09:00:00Z', 'UTC', [DAYTIME], '2026-06-01T09:00:00.000Z'],
  ['2026-06-01T20:59:59Z', 'UTC', [DAYTIME], '2026-06-01T20:59:59.000Z'],
  ['2026-06-01T21:00:00Z', 'UTC', [DAYTIME], '2026-06-02T09:00:00.000Z'],
  ['2026-06-01T12:00:00Z', 'Asia/Tokyo', [DAYTIME], '2026-06-02T00:00:00.000Z'],
  ['2026-06-01T12:00:00Z', 'UTC', [], '2026-06-01T12:00:00.000Z'],
])('%s in %s with %j goes out at %s', (text, zone, windows, expected) => {
  expect(allowed(text, zone, windows)).toBe(expected);
});

it('one that ends before it begins goes on after midnight, and belongs to the day on which it began', () => {
  const saturdayNight: DeliveryWindow = { days: ['sat'], from: 22 * 60, to: 2 * 60 };
  expect(allowed('2026-06-07T01:00:00Z', 'UTC', [saturdayNight])).toBe('2026-06-07T01:00:00.000Z'); // a Sunday
  expect(allowed('2026-06-07T02:00:00Z', 'UTC', [saturdayNight])).toBe('2026-06-13T22:00:00.000Z');
});

it('a day on which it does not begin is passed over, a whole week if need be', () => {
  const monday: DeliveryWindow = { days: ['mon'], from: 0, to: 1 };
  expect(allowed('2026-06-01T00:01:00Z', 'UTC', [monday])).toBe('2026-06-08T00:00:00.000Z'); // a Monday
});

it('the nearest of several counts', () => {
  const morning: DeliveryWindow = { from: 7 * 60, to: 8 * 60 };
  expect(allowed('2026-06-01T07:59:00Z', 'UTC', [DAYTIME, morning])).toBe('2026-06-01T07:59:00.000Z');
  expect(allowed('2026-06-01T08:00:00Z', 'UTC', [DAYTIME, morning])).toBe('2026-06-01T09:00:00.000Z');
});

it('begins behind a gap, and counts in both passes of an hour that comes twice', () => {
  const night: DeliveryWindow = { from: 2 * 60 + 30, to: 3 * 60 };
  expect(allowed('2026-03-29T00:00:00Z', 'Europe/Berlin', [night])).toBe('2026-03-29T01:30:00.000Z');
  expect(allowed('2026-10-25T00:45:00Z', 'Europe/Berlin', [night])).toBe('2026-10-25T00:45:00.000Z');
  expect(allowed('2026-10-25T01:45:00Z', 'Europe/Berlin', [night])).toBe('2026-10-25T01:45:00.000Z');
});
