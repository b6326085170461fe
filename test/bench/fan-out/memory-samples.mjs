import { readFileSync } from 'node:fs';

const EVERY_MS = 100;
const PAGE_BYTES = 4_096;
const MEBIBYTE = 2 ** 20;

/** The resident memory of one process while something is done. */
export class MemorySamples {
  samples = [];

  constructor(pid) {
    this.pid = pid;
    this.take();
    this.timer = setInterval(() => this.take(), EVERY_MS);
  }

  take() {
    const [, resident] = readFileSync(`/proc/${this.pid}/statm`, 'utf8').split(' ');
    this.samples.push(Number(resident) * PAGE_BYTES);
  }

  /**
   * The most, MiB; and how much it grew over the second half of the time by the line of least squares, % of the mean: the first half fills what a
   * process at work keeps.
   */
  end() {
    clearInterval(this.timer);
    const half = this.samples.slice(this.samples.length >> 1);
    const { slope, mean } = lineThrough(half);
    return {
      max_mib: Math.max(...this.samples) / MEBIBYTE,
      first_mib: this.samples[0] / MEBIBYTE,
      growth_percent: (slope * (half.length - 1) * 100) / mean,
    };
  }
}

function lineThrough(values) {
  const n = values.length;
  const mean = values.reduce((sum, each) => sum + each, 0) / n;
  const middle = (n - 1) / 2;
  const [above, below] = values.reduce(
    ([a, b], value, i) => [a + (i - middle) * (value - mean), b + (i - middle) ** 2],
    [0, 0],
  );
  return { slope: below > 0 ? above / below : 0, mean };
}
