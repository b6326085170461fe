import { RecentReads } from './recent-reads.js';

it('reads once for all who ask at the same time', async () => {
  let count = 0;
  const reads = new RecentReads((app) => Promise.resolve(`${app} ${++count}`));
  expect(await Promise.all([reads.of('a'), reads.of('a'), reads.of('b')])).toEqual(['a 1', 'a 1', 'b 2']);
});

it('reads again what could not be read', async () => {
  let count = 0;
  const reads = new RecentReads(() =>
    ++count === 1 ? Promise.reject(new Error('away')) : Promise.resolve(count),
  );
  await expect(reads.of('a')).rejects.toThrow('away');
  expect(await reads.of('a')).toBe(2);
});
