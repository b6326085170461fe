/**
 * When a device is in use: how often it was active in each hour of the day (UTC), as 24 digits of base 36. A digit that would pass 35 halves all of
 * them, so that what was long ago counts less and less.
 */
export type Activity = string;

/** What a connection counts for, and an opened notification, which says more: somebody was there. */
export const CONNECTED_WEIGHT = 1;
export const OPENED_WEIGHT = 4;
/** With less than this nothing is known of a device. */
const ENOUGH = 5;

export const hourOf = (at: number): number => new Date(at).getUTCHours();

/** How often it was active in each hour, 24 numbers. */
export const activityByHour = (activity: Activity): number[] =>
  Array.from({ length: 24 }, (_, hour) => Number.parseInt(activity[hour] ?? '0', 36));

/** The hour (UTC, 0 to 23) in which it is most active, the first of several; undefined where too little is known. */
export function mostActiveHour(activity: Activity | undefined): number | undefined {
  const counts = activityByHour(activity ?? '');
  const total = counts.reduce((sum, count) => sum + count, 0);
  return total < ENOUGH ? undefined : counts.indexOf(Math.max(...counts));
}
