import { type Circle, distance, EARTH_RADIUS, type Position } from './area.js';
import { type PlanarRing, planarRing, ringContains } from './planar-ring.js';
import { type Box, polygonsOf, type PolygonRings, type Shape } from './shape.js';

/** A shape made ready for many positions. */
export interface CompiledShape {
  contains(position: Position): boolean;
  /** How far a position is from the shape, metres; 0 inside. Polygons are measured on the plane around the position. */
  metresFrom(position: Position): number;
  /** Boxes that hold the shape, each within ±180 and ±90 and none across the antimeridian. */
  readonly bounds: readonly Box[];
}

export function compileShape(shape: Shape): CompiledShape {
  if ('circle' in shape) return compileCircle(shape.circle);
  if ('box' in shape) return compileRings([[boxRing(shape.box)]]);
  return compileRings(polygonsOf(shape.geojson).map((rings: PolygonRings) => rings.map(planarRing)));
}

function compileCircle(circle: Circle): CompiledShape {
  return {
    contains: (position) => distance(position, circle) <= circle.radius,
    metresFrom: (position) => Math.max(0, distance(position, circle) - circle.radius),
    bounds: circleBounds(circle),
  };
}

/** Each polygon's outer ring, then its holes. */
function compileRings(polygons: readonly (readonly PlanarRing[])[]): CompiledShape {
  const contains = ({ lon, lat }: Position): boolean =>
    polygons.some(
      ([outer, ...holes]) =>
        ringContains(outer!, lon, lat) && !holes.some((hole) => ringContains(hole, lon, lat)),
    );
  return {
    contains,
    metresFrom: (position) =>
      contains(position) ? 0 : Math.min(...polygons.flat().map((ring) => metresFromRing(ring, position))),
    bounds: polygons.flatMap(([outer]) => withinDegrees(outer!)),
  };
}

function boxRing({ south, west, north, east }: Box): PlanarRing {
  const to = west > east ? east + 360 : east;
  return {
    lons: [west, to, to, west, west],
    lats: [south, south, north, north, south],
    west,
    east: to,
    south,
    north,
  };
}

const degrees = (radians: number): number => (radians * 180) / Math.PI;

function circleBounds({ lat, lon, radius }: Circle): Box[] {
  const angle = radius / EARTH_RADIUS;
  const reach = degrees(angle);
  const [south, north] = [lat - reach, lat + reach];
  if (south <= -90 || north >= 90) {
    return [{ south: Math.max(-90, south), north: Math.min(90, north), west: -180, east: 180 }];
  }
  const sine = Math.sin(angle) / Math.cos((lat * Math.PI) / 180);
  const across = sine >= 1 ? 180 : degrees(Math.asin(sine));
  return withinDegrees({ south, north, west: lon - across, east: lon + across });
}

/** Cut at the antimeridian. */
function withinDegrees({ south, north, west, east }: Box): Box[] {
  if (east - west >= 360) return [{ south, north, west: -180, east: 180 }];
  const turns = Math.floor((west + 180) / 360);
  const [from, to] = [west - 360 * turns, east - 360 * turns];
  if (to <= 180) return [{ south, north, west: from, east: to }];
  return [
    { south, north, west: from, east: 180 },
    { south, north, west: -180, east: to - 360 },
  ];
}

function metresFromRing(ring: PlanarRing, { lon, lat }: Position): number {
  const perDegree = (Math.PI / 180) * EARTH_RADIUS;
  const narrowing = Math.cos((lat * Math.PI) / 180);
  let least = Infinity;
  for (let i = 1; i < ring.lons.length; i++) {
    const x0 = nearestTurn(ring.lons[i - 1]! - lon);
    const x1 = x0 + (ring.lons[i]! - ring.lons[i - 1]!);
    const [ax, ay] = [x0 * narrowing, ring.lats[i - 1]! - lat];
    const [bx, by] = [x1 * narrowing, ring.lats[i]! - lat];
    least = Math.min(least, fromOriginToSegment(ax, ay, bx, by));
  }
  return least * perDegree;
}

const nearestTurn = (step: number): number => step - 360 * Math.round(step / 360);

function fromOriginToSegment(ax: number, ay: number, bx: number, by: number): number {
  const [dx, dy] = [bx - ax, by - ay];
  const length = dx * dx + dy * dy;
  const along = length === 0 ? 0 : Math.max(0, Math.min(1, -(ax * dx + ay * dy) / length));
  return Math.hypot(ax + along * dx, ay + along * dy);
}
