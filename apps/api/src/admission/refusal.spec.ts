import { refusalOf } from './refusal.js';

const limits = { memory: 0.9, backlog: 100, delayMs: 1_000 };
const calm = { memory: 0.5, backlog: 10, delayMs: 20 };

it('accepts while there is room', () => {
  expect(refusalOf(calm, limits)).toBeUndefined();
});

it.each([
  ['memory', { memory: 0.9 }, 'unavailable', 503],
  ['backlog', { backlog: 100 }, 'too-many-requests', 429],
  ['event-loop', { delayMs: 1_500 }, 'unavailable', 503],
] as const)('refuses by %s, and says when to come again', (reason, more, code, status) => {
  const refusal = refusalOf({ ...calm, ...more }, limits);
  expect(refusal?.reason).toBe(reason);
  expect(refusal?.error()).toMatchObject({ code, status, retryAfterSeconds: expect.any(Number) });
});
