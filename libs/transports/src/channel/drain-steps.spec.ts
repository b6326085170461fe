import { inSteps } from './drain-steps.js';

async function stepsOf(count: number, deadlineMs: number) {
  const steps: number[][] = [];
  const began = performance.now();
  for await (const step of inSteps(
    Array.from({ length: count }, (_, i) => i),
    deadlineMs,
  ))
    steps.push([...step]);
  return { steps, ms: performance.now() - began };
}

it('gives every item once, in steps', async () => {
  const { steps, ms } = await stepsOf(1_000, 500);
  expect(steps.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: 1_000 }, (_, i) => i));
  expect(steps.length).toBeGreaterThan(4);
  expect(Math.max(...steps.map(({ length }) => length))).toBeLessThanOrEqual(200);
  expect(ms).toBeGreaterThan(150);
});

it('sends a few away at once, and none without any', async () => {
  expect((await stepsOf(20, 5_000)).steps).toHaveLength(1);
  expect((await stepsOf(0, 5_000)).steps).toEqual([]);
});
