import { activityByHour, hourOf, mostActiveHour } from './activity.js';

const at = (hours: Record<number, string>): string =>
  Array.from({ length: 24 }, (_, hour) => hours[hour] ?? '0').join('');

it.each([
  [undefined, undefined],
  ['', undefined],
  [at({ 7: '4' }), undefined],
  [at({ 7: '5' }), 7],
  [at({ 7: '3', 20: 'z' }), 20],
  [at({ 0: '9', 23: '9' }), 0],
])('of %s the most active hour is %s', (activity, hour) => expect(mostActiveHour(activity)).toBe(hour));

it('is told by hour, UTC', () => {
  expect(activityByHour(at({ 1: 'a' }))[1]).toBe(10);
  expect(activityByHour('')).toEqual(Array.from({ length: 24 }, () => 0));
  expect(hourOf(Date.UTC(2027, 0, 1, 23, 59))).toBe(23);
});
