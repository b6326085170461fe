import type { Audience } from '../audience/audience.js';
import { turnOf } from './turn.js';

const now = { app: 'shop', acceptedAt: 10, at: 10 };

it.each<[Audience, string | undefined]>([
  [{ device: ['phone'] }, 'shop:d:phone'],
  [{ user: ['anna'] }, 'shop:u:anna'],
  [{ user: ['anna', 'bert'] }, undefined],
  [{ tag: ['beta'] }, undefined],
  [{ not: { device: ['phone'] } }, undefined],
])('%j has the turn %s', (audience, turn) => {
  expect(turnOf({ ...now, audience })).toBe(turn);
});

it('is for what goes out at once', () => {
  expect(turnOf({ ...now, at: 11, audience: { device: ['phone'] } })).toBeUndefined();
});
