import { type CompiledShape, compileShape } from '../area/compile-shape.js';
import type { Position } from '../area/area.js';
import type { Box } from '../area/shape.js';
import type { Geofence } from './geofence.js';

export interface IndexedFence {
  readonly fence: Geofence;
  readonly shape: CompiledShape;
}

/** Levels of the grid: a cell of level n spans 360°/2ⁿ of longitude and 180°/2ⁿ of latitude, at the finest some 600 m. */
const FINEST = 16;
/** Cells of one level that a fence may lie in: more of them would be finer, and take more memory. */
const MAX_CELLS = 16;

/**
 * Fences by the cells of a grid that they may lie in, each on the finest level on which those are few: a position asks one cell of each level, however
 * many fences there are.
 */
export class FenceIndex {
  private readonly fences = new Map<string, IndexedFence>();
  /** By level: cell → fences. */
  private readonly levels = new Map<number, Map<number, IndexedFence[]>>();

  constructor(fences: Iterable<Geofence>) {
    for (const fence of fences) this.add({ fence, shape: compileShape(fence.area) });
  }

  get size(): number {
    return this.fences.size;
  }

  find(id: string): IndexedFence | undefined {
    return this.fences.get(id);
  }

  /** The fences that hold a position. */
  at(position: Position): IndexedFence[] {
    const found: IndexedFence[] = [];
    for (const [level, cells] of this.levels) {
      for (const each of cells.get(cellOf(position.lon, position.lat, level)) ?? [])
        if (each.shape.contains(position)) found.push(each);
    }
    return found;
  }

  private add(each: IndexedFence): void {
    this.fences.set(each.fence.id, each);
    const { bounds } = each.shape;
    const level = levelOf(bounds);
    const cells = this.levels.get(level) ?? new Map<number, IndexedFence[]>();
    this.levels.set(level, cells);
    for (const cell of new Set(bounds.flatMap((box) => cellsOf(box, level)))) {
      const own = cells.get(cell);
      if (own) own.push(each);
      else cells.set(cell, [each]);
    }
  }
}

function levelOf(bounds: readonly Box[]): number {
  let level = FINEST;
  while (level > 0 && bounds.reduce((sum, box) => sum + countOf(box, level), 0) > MAX_CELLS) level--;
  return level;
}

const column = (lon: number, level: number): number => step((lon + 180) / 360, level);
const row = (lat: number, level: number): number => step((lat + 90) / 180, level);
const step = (part: number, level: number): number =>
  Math.max(0, Math.min(2 ** level - 1, Math.floor(part * 2 ** level)));
const cellOf = (lon: number, lat: number, level: number): number =>
  column(lon, level) * 2 ** FINEST + row(lat, level);

const countOf = ({ west, east, south, north }: Box, level: number): number =>
  (column(east, level) - column(west, level) + 1) * (row(north, level) - row(south, level) + 1);

function cellsOf({ west, east, south, north }: Box, level: number): number[] {
  const cells: number[] = [];
  for (let x = column(west, level); x <= column(east, level); x++)
    for (let y = row(south, level); y <= row(north, level); y++) cells.push(x * 2 ** FINEST + y);
  return cells;
}
