import { decoyIterations, looksChosen } from './decoys.js';

describe('a device that is not there', () => {
  const secret = Buffer.alloc(32, 1);
  const ids = Array.from({ length: 400 }, (_, i) => `phone-${i}`);

  it('passes for either kind, always the same', () => {
    const chosen = ids.filter((id) => looksChosen(id, secret));
    expect(chosen.length).toBeGreaterThan(150);
    expect(chosen.length).toBeLessThan(250);
    expect(ids.filter((id) => looksChosen(id, secret))).toEqual(chosen);
    expect(ids.filter((id) => looksChosen(id, Buffer.alloc(32, 2)))).not.toEqual(chosen);
  });

  it('names the iterations of its kind', () => {
    expect(new Set(ids.map((id) => decoyIterations(id, secret)))).toEqual(new Set([4096, 50_000]));
  });
});
