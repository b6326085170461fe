import { Temporal } from 'temporal-polyfill';
import { seeded } from '../../../../test/support/random.js';
import { instantOf, occurrencesOf, wallOf } from './wall-clock.js';

const FROM = Date.UTC(1970, 0, 1);
const TO = Date.UTC(2100, 0, 1);
const zones = Intl.supportedValuesOf('timeZone');

/** As the library says it, which is asked anew each time. */
function asked(wall: number, zone: string): { only: number; instants: number[] } {
  const plain = Temporal.Instant.fromEpochMilliseconds(wall).toZonedDateTimeISO('UTC').toPlainDateTime();
  const [earlier, later] = (['earlier', 'later'] as const).map((disambiguation) =>
    plain.toZonedDateTime(zone, { disambiguation }),
  ) as [Temporal.ZonedDateTime, Temporal.ZonedDateTime];
  const both = [earlier, later].filter((each) => each.toPlainDateTime().equals(plain));
  return {
    only: plain.toZonedDateTime(zone).epochMilliseconds,
    instants: [...new Set(both.map(({ epochMilliseconds }) => epochMilliseconds))],
  };
}

describe('what is kept of zones', () => {
  it('says of any time in any zone what the library says', () => {
    const random = seeded(11);
    const wrong: unknown[] = [];
    for (let i = 0; i < 2_000; i++) {
      const zone = zones[Math.floor(random() * zones.length)]!;
      const at = Math.floor(FROM + random() * (TO - FROM));
      const { offsetNanoseconds } = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone);
      const { only, instants } = asked(at, zone);
      const found = occurrencesOf(at, zone);
      const same =
        wallOf(at, zone) === at + offsetNanoseconds / 1e6 &&
        instantOf(at, zone) === only &&
        found.only === only &&
        found.instants.join() === instants.join();
      if (!same) wrong.push({ zone, at: new Date(at) });
    }
    expect(wrong).toEqual([]);
  });

  it('says so to the millisecond at changes of the clock', () => {
    const change = Date.parse('2026-10-25T01:00:00Z');
    const walls = [-1, 0, 1].map((ms) => wallOf(change + ms, 'Europe/Berlin') - change);
    expect(walls).toEqual([7_199_999, 3_600_000, 3_600_001]);
  });
});
