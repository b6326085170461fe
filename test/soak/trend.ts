/** What one thing measured, and when: `at` in minutes. */
export interface Sample {
  readonly at: number;
  readonly value: number;
}

export interface Trend {
  /** By how much it grew from the first sample to the last, by the line through all of them. */
  readonly growth: number;
  /** How far samples lie from that line: their standard deviation. */
  readonly noise: number;
  readonly median: number;
}

/** The line through samples: its slope is the median of the slopes of all pairs (Theil–Sen), which a few odd samples do not bend. */
export function trendOf(samples: readonly Sample[]): Trend {
  const slopes = samples.flatMap((a, i) =>
    samples.slice(i + 1).flatMap((b) => (b.at > a.at ? [(b.value - a.value) / (b.at - a.at)] : [])),
  );
  const slope = medianOf(slopes);
  const offset = medianOf(samples.map(({ at, value }) => value - slope * at));
  const squares = samples.map(({ at, value }) => (value - offset - slope * at) ** 2);
  const duration = samples.length === 0 ? 0 : samples.at(-1)!.at - samples[0]!.at;
  return {
    growth: slope * duration,
    noise: Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / Math.max(1, squares.length)),
    median: medianOf(samples.map(({ value }) => value)),
  };
}

/** Growth that is neither the samples' own noise nor too little to matter: `floor` is a share of the median. */
export const isGrowing = ({ growth, noise, median }: Trend, floor: number): boolean =>
  growth > Math.max(2 * noise, floor * median);

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  if (sorted.length === 0) return 0;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
