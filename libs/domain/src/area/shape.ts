import type { Circle } from './area.js';

/** Degrees. `west` beyond `east` goes across the antimeridian (RFC 7946 §5.2). */
export interface Box {
  readonly south: number;
  readonly west: number;
  readonly north: number;
  readonly east: number;
}

/** [longitude, latitude] (RFC 7946 §3.1.1). */
export type LonLat = readonly [number, number];
/** Closed: the last position is the first (RFC 7946 §3.1.6). */
export type Ring = readonly LonLat[];
/** The outer ring, then holes. */
export type PolygonRings = readonly Ring[];

export type GeoJsonArea =
  | { readonly type: 'Polygon'; readonly coordinates: PolygonRings }
  | { readonly type: 'MultiPolygon'; readonly coordinates: readonly PolygonRings[] };

export type Shape = { readonly circle: Circle } | { readonly box: Box } | { readonly geojson: GeoJsonArea };

/** A shape; `maxAge` (s) leaves out positions that are older. */
export type Area = Shape & { readonly maxAge?: number };

export const polygonsOf = (area: GeoJsonArea): readonly PolygonRings[] =>
  area.type === 'Polygon' ? [area.coordinates] : area.coordinates;

/** How many corners a shape has: what testing a position against it costs. */
export function cornersOf(shape: Shape): number {
  if (!('geojson' in shape)) return 4;
  return polygonsOf(shape.geojson).reduce(
    (sum, rings) => sum + rings.reduce((corners, ring) => corners + ring.length, 0),
    0,
  );
}
