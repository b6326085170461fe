import { parseSchedule, runsOf } from '../index.js';

/** All zones over twenty years: the planner against one that looks at every minute. */
const HOUR = 3_600_000;
const MINUTE = 60_000;
const FROM = Date.UTC(2015, 0, 1);
const TO = Date.UTC(2035, 0, 1);
const SCAN_STEP = 5 * 24 * HOUR;
/** Walls around a change of the clock that are compared. */
const MARGIN = 4 * HOUR;

interface Transition {
  readonly zone: string;
  readonly at: number;
  readonly before: number;
  readonly after: number;
}

function offsets(zone: string): (instant: number) => number {
  const format = new Intl.DateTimeFormat('en', { timeZone: zone, timeZoneName: 'longOffset' });
  return (instant) => {
    const [, sign, hours, minutes, seconds] = /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?/.exec(
      format.format(instant),
    )!;
    const size = Number(hours ?? 0) * HOUR + Number(minutes ?? 0) * MINUTE + Number(seconds ?? 0) * 1000;
    return sign === '-' ? -size : size;
  };
}

function transitionsOf(zone: string): Transition[] {
  const offsetAt = offsets(zone);
  const found: Transition[] = [];
  for (let at = FROM; at < TO; at += SCAN_STEP) {
    let [low, high] = [at, at + SCAN_STEP];
    const before = offsetAt(low);
    if (offsetAt(high) === before) continue;
    while (high - low > MINUTE) {
      const middle = Math.floor((low + high) / 2 / MINUTE) * MINUTE;
      if (offsetAt(middle) === before) low = middle;
      else high = middle;
    }
    found.push({ zone, at: high, before, after: offsetAt(high) });
  }
  return found;
}

/** Zones that change alike are looked at once. */
function allTransitions(): Transition[] {
  const distinct = new Map<string, Transition>();
  for (const zone of Intl.supportedValuesOf('timeZone')) {
    for (const each of transitionsOf(zone)) distinct.set(`${each.at} ${each.before} ${each.after}`, each);
  }
  return [...distinct.values()];
}

type Matches = (wall: Date) => boolean;

interface Around {
  readonly firstWall: number;
  readonly lastWall: number;
}

/** What the clock of a zone shows, minute for minute. */
function* minutes({ at, before, after }: Transition): Iterable<[instant: number, wall: number]> {
  for (let instant = at - 2 * MARGIN; instant < at + 2 * MARGIN; instant += MINUTE) {
    yield [instant, instant + (instant < at ? before : after)];
  }
}

function eachTime(transition: Transition, { firstWall, lastWall }: Around, matches: Matches): number[] {
  return [...minutes(transition)]
    .filter(([, wall]) => wall >= firstWall && wall <= lastWall && matches(new Date(wall)))
    .map(([instant]) => instant);
}

function exactlyOnce(transition: Transition, { firstWall, lastWall }: Around, matches: Matches): number[] {
  const shown = new Map<number, number>();
  for (const [instant, wall] of minutes(transition)) if (!shown.has(wall)) shown.set(wall, instant);
  const found = new Set<number>();
  for (let wall = firstWall; wall <= lastWall; wall += MINUTE) {
    // A clock that had not been set forward would show it then.
    if (matches(new Date(wall))) found.add(shown.get(wall) ?? wall - transition.before);
  }
  return [...found].toSorted((a, b) => a - b);
}

const transitions = allTransitions();
const wallText = (wall: number): string => new Date(wall).toISOString().slice(0, 16);

function planned(rule: object, { zone, at }: Transition, { firstWall, lastWall }: Around): number[] {
  const json = { ...rule, zone, start: wallText(firstWall), end: wallText(lastWall) };
  return [...runsOf(parseSchedule(json, at))].map(({ opensAt }) => opensAt);
}

it.each([
  ['every half hour', { cron: '*/30 * * * *' }, eachTime, (w: Date) => w.getUTCMinutes() % 30 === 0],
  [
    'at times of day',
    { cron: '10,40 0-4,23 * * *' },
    exactlyOnce,
    (w: Date) => [10, 40].includes(w.getUTCMinutes()) && (w.getUTCHours() <= 4 || w.getUTCHours() === 23),
  ],
  [
    'at times of day, by RRULE',
    { rrule: 'FREQ=DAILY;BYHOUR=0,1,2,3;BYMINUTE=0,30' },
    exactlyOnce,
    (w: Date) => [0, 30].includes(w.getUTCMinutes()) && w.getUTCHours() <= 3,
  ],
] as const)('%s, at every change of every clock over twenty years', (_name, rule, oracle, matches) => {
  expect(transitions.length).toBeGreaterThan(500);
  for (const transition of transitions) {
    const { at, before, after } = transition;
    const around = {
      firstWall: at + Math.min(before, after) - MARGIN,
      lastWall: at + Math.max(before, after) + MARGIN,
    };
    const expected = oracle(transition, around, matches);
    expect({ transition, runs: planned(rule, transition, around) }).toEqual({ transition, runs: expected });
  }
});
