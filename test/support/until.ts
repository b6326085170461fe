import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for something to become true; fails with what was seen last. */
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
  holds: (seen: T) => boolean = Boolean,
  limitMs = 20_000,
): Promise<T> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const seen = await look();
    if (holds(seen)) return seen;
    if (Date.now() > deadline)
      throw new Error(`${what}: not within ${limitMs} ms; last seen: ${JSON.stringify(seen)}`);
    await sleep(20);
  }
}
