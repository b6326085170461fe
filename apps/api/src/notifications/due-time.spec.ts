import type { CarillonError } from '@carillon/domain';
import { dueTime } from './due-time.js';

const NOW = Date.parse('2026-05-01T09:00:00Z');
const due = (at?: string | null, zone?: string | null) => new Date(dueTime(at, zone, NOW)).toISOString();

describe('when a notification is due', () => {
  it.each([
    [undefined, undefined, '2026-05-01T09:00:00.000Z'],
    [null, null, '2026-05-01T09:00:00.000Z'],
    ['2026-05-01T09:00:01Z', undefined, '2026-05-01T09:00:01.000Z'],
    ['2026-05-01T10:00:00-02:00', undefined, '2026-05-01T12:00:00.000Z'],
    ['2026-05-01T12:30', 'Europe/Berlin', '2026-05-01T10:30:00.000Z'],
    ['2026-10-25T02:30', 'Europe/Berlin', '2026-10-25T00:30:00.000Z'],
    ['2027-03-28T02:30', 'Europe/Berlin', '2027-03-28T01:30:00.000Z'],
    // A minute late is now.
    ['2026-05-01T08:59:00Z', undefined, '2026-05-01T09:00:00.000Z'],
    // 366 days ahead is the most.
    ['2027-05-02T09:00:00Z', undefined, '2027-05-02T09:00:00.000Z'],
  ])('%s %s is %s', (at, zone, instant) => {
    expect(due(at, zone)).toBe(instant);
  });

  it.each([
    ['2026-05-01T08:58:59.999Z', undefined, 'time-in-past', '/at'],
    ['2026-05-01T10:30', 'Europe/Berlin', 'time-in-past', '/at'],
    ['2027-05-02T09:00:00.001Z', undefined, 'invalid-request', '/at'],
    ['tomorrow', undefined, 'invalid-request', '/at'],
    ['', undefined, 'invalid-request', '/at'],
    ['2026-05-01T10:00', undefined, 'invalid-request', '/at'],
    ['2026-05-01T10:00', 'Berlin', 'invalid-request', '/zone'],
    ['2026-05-01T10:00', '', 'invalid-request', '/zone'],
    ['2026-05-01T10:00Z', 'UTC', 'invalid-request', '/zone'],
    [undefined, 'UTC', 'invalid-request', '/zone'],
  ])('%s %s is refused: %s at %s', (at, zone, code, pointer) => {
    const thrown = catching(() => due(at, zone));
    expect({ code: thrown.code, pointer: thrown.faults[0]!.pointer }).toEqual({ code, pointer });
  });
});

function catching(work: () => unknown): CarillonError {
  try {
    work();
  } catch (error) {
    return error as CarillonError;
  }
  throw new Error('nothing was thrown');
}
