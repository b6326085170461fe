import { OutboundQueue } from './outbound-queue.js';

describe('OutboundQueue', () => {
  let queue: OutboundQueue;
  let settled: unknown[];
  const settle = (cookie: unknown): void => void settled.push(cookie);

  beforeEach(() => {
    queue = new OutboundQueue();
    settled = [];
  });
  const add = (...ids: string[]): void => ids.forEach((id) => queue.addDelivery(id, id, `<${id}/>`));

  it('numbers what it holds, and hands cookies back in order', () => {
    add('a', 'b');
    queue.addStanza('<reply/>');
    add('c');
    expect([queue.nextSequence, queue.length, queue.pending]).toEqual([4, 4, 3]);
    queue.dropBefore(3, settle);
    expect(settled).toEqual(['a', 'b']);
    expect([queue.nextSequence, queue.length, queue.pending]).toEqual([4, 1, 1]);
    queue.dropBefore(99, settle);
    expect(settled).toEqual(['a', 'b', 'c']);
    expect(queue.nextSequence).toBe(4);
  });

  it('keeps the place of what was settled by id where that counts, and closes the gap where not', () => {
    add('a', 'b', 'c');
    expect(queue.settle('b', true, settle)).toBe(true);
    expect(queue.settle('b', true, settle)).toBe(false);
    expect([queue.length, queue.cookies]).toEqual([3, ['a', 'c']]);
    expect(queue.settle('a', false, settle)).toBe(true);
    expect([queue.length, queue.cookies]).toEqual([1, ['c']]);
  });

  it('settles a stretch in place', () => {
    add('a', 'b', 'c');
    queue.settleBefore(2, settle);
    expect(settled).toEqual(['a', 'b']);
    expect(queue.length).toBe(3);
    queue.dropAllSettled();
    expect([queue.stanzas, queue.nextSequence]).toEqual([['<c/>'], 1]);
  });

  it('hands every cookie back exactly once, whatever the order of proofs, and never grows', () => {
    let seed = 7;
    const random = (below: number): number => (seed = (seed * 48271) % 2147483647) % below;
    let sent = 0;
    for (let round = 0; round < 20_000; round++) {
      while (queue.pending < 1 + random(32)) add(`n${sent++}`);
      if (random(2) === 0) queue.settle(`n${sent - 1 - random(40)}`, true, settle);
      else queue.dropBefore(queue.nextSequence - random(40), settle);
      expect(queue.length).toBeLessThan(100);
    }
    queue.dropBefore(Infinity, settle);
    expect(settled).toHaveLength(sent);
    expect(new Set(settled).size).toBe(sent);
  });
});
