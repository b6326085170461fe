import { MAX_LATITUDE, type Position } from './area.js';
import type { Box } from './shape.js';

/**
 * The scores of Redis' geo sets: 26 bits of longitude and of latitude, interleaved, longitude first. A cell of level n has the first 2n bits in
 * common, so that its positions are one range of scores.
 */
const BITS = 26;
const STEPS = 2 ** BITS;

/** From `from` up to but not including `to`. */
export interface ScoreRange {
  readonly from: number;
  readonly to: number;
}

/** Cells of one box at the most: more follow its edges closer, and cost a command each for every partition. */
const MAX_CELLS = 128;

/** Ranges of scores that hold every position of the boxes, in order, none overlapping. */
export function scoreRanges(boxes: readonly Box[]): ScoreRange[] {
  const ranges = boxes.flatMap(rangesOfBox).sort((a, b) => a.from - b.from);
  const merged: { from: number; to: number }[] = [];
  for (const { from, to } of ranges) {
    const last = merged.at(-1);
    if (last && from <= last.to) last.to = Math.max(last.to, to);
    else merged.push({ from, to });
  }
  return merged;
}

function rangesOfBox(box: Box): ScoreRange[] {
  const [x0, x1] = [lonStep(box.west), lonStep(box.east)];
  const [y0, y1] = [latStep(box.south), latStep(box.north)];
  let shift = 0;
  const count = (a: number, b: number): number => (b >> shift) - (a >> shift) + 1;
  while (count(x0, x1) * count(y0, y1) > MAX_CELLS) shift++;
  const size = 4 ** shift;
  const ranges: ScoreRange[] = [];
  for (let x = x0 >> shift; x <= x1 >> shift; x++) {
    for (let y = y0 >> shift; y <= y1 >> shift; y++) {
      const from = interleave(x, y) * size;
      ranges.push({ from, to: from + size });
    }
  }
  return ranges;
}

/**
 * Where a geo set has a position: it ends short of the poles, and its outermost edge has a score that belongs to no cell, so that a position is
 * kept a decimetre away from it.
 */
export const indexedPosition = ({ lat, lon }: Position): Position => ({
  lat: Math.max(-MAX_LATITUDE, Math.min(MAX_LATITUDE - 1e-6, lat)),
  lon: Math.min(180 - 1e-6, lon),
});

/** The middle of the smallest cell, as GEOPOS has it: up to 0.6 m from what was written. */
export function positionOfScore(score: number): Position {
  const [high, low] = [Math.floor(score / STEPS), score % STEPS];
  const lon = everySecondBit(high >>> 1) * 8_192 + everySecondBit(low >>> 1);
  const lat = everySecondBit(high) * 8_192 + everySecondBit(low);
  return {
    lon: ((lon + 0.5) / STEPS) * 360 - 180,
    lat: ((lat + 0.5) / STEPS) * 2 * MAX_LATITUDE - MAX_LATITUDE,
  };
}

const lonStep = (lon: number): number => step((lon + 180) / 360);
const latStep = (lat: number): number => step((lat + MAX_LATITUDE) / (2 * MAX_LATITUDE));
const step = (part: number): number => Math.max(0, Math.min(STEPS - 1, Math.floor(part * STEPS)));

/** Bits of x before those of y. */
function interleave(x: number, y: number): number {
  const spread = (n: number): number => spreadBits(n & 8_191) + spreadBits(n >>> 13) * STEPS;
  return spread(x) * 2 + spread(y);
}

/** 13 bits to every second one of 26. */
function spreadBits(n: number): number {
  let bits = n;
  bits = (bits | (bits << 8)) & 0x00ff00ff;
  bits = (bits | (bits << 4)) & 0x0f0f0f0f;
  bits = (bits | (bits << 2)) & 0x33333333;
  return (bits | (bits << 1)) & 0x55555555;
}

function everySecondBit(n: number): number {
  let bits = n & 0x55555555;
  bits = (bits | (bits >>> 1)) & 0x33333333;
  bits = (bits | (bits >>> 2)) & 0x0f0f0f0f;
  bits = (bits | (bits >>> 4)) & 0x00ff00ff;
  return (bits | (bits >>> 8)) & 0x0000ffff;
}
