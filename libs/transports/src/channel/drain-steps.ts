import { setTimeout as sleep } from 'node:timers/promises';

const STEP_MS = 50;
/** A few devices need no steps. */
const MS_PER_CONNECTION = 2;
const SHARE_OF_DEADLINE = 0.8;

/** Gives all items, some at a time, in random order and with uneven pauses: they do not come back elsewhere all at once. */
export async function* inSteps<T>(items: readonly T[], deadlineMs: number): AsyncGenerator<readonly T[]> {
  const left = shuffled(items);
  const spread = Math.min(deadlineMs * SHARE_OF_DEADLINE, items.length * MS_PER_CONNECTION);
  const size = Math.max(1, Math.ceil(items.length / Math.max(1, spread / STEP_MS)));
  for (let i = 0; i < left.length; i += size) {
    if (i > 0) await sleep(STEP_MS * (0.5 + Math.random()));
    yield left.slice(i, i + size);
  }
}

function shuffled<T>(items: readonly T[]): T[] {
  const order = [...items];
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}
