import { LimitedLog } from './limited-log.js';

it('writes each kind once a second, and counts what it did not write', () => {
  let now = 0;
  const lines: unknown[] = [];
  const log = new LimitedLog(
    (fields, message) => lines.push([message, fields]),
    () => now,
  );
  for (now = 0; now < 2_000; now += 400) log.write({ at: now }, 'a');
  log.write({}, 'b');
  log.write({ of: 'another kind' }, 'b', 'c');
  expect(lines).toEqual([
    ['a', { at: 0 }],
    ['a', { at: 1200, suppressed: 2 }],
    ['b', {}],
    ['b', { of: 'another kind' }],
  ]);
});
