/** WGS 84 degrees. */
export interface Position {
  readonly lat: number;
  readonly lon: number;
}

/** Radius in metres. */
export interface Circle extends Position {
  readonly radius: number;
}

/** Redis keeps positions in Web Mercator geohashes: beyond this latitude it refuses them (GEOADD). */
export const MAX_LATITUDE = 85.05112878;
/** Half the earth's circumference: a circle of this radius is everywhere. */
export const MAX_RADIUS = 20_037_508;

/** The sphere that Redis' GEOSEARCH measures on, so that both sides of a border agree. */
export const EARTH_RADIUS = 6_372_797.560856;

const radians = (degrees: number): number => (degrees * Math.PI) / 180;

/** Great-circle distance in metres (haversine). */
export function distance(a: Position, b: Position): number {
  const u = Math.sin((radians(b.lat) - radians(a.lat)) / 2);
  const v = Math.sin((radians(b.lon) - radians(a.lon)) / 2);
  const h = u * u + Math.cos(radians(a.lat)) * Math.cos(radians(b.lat)) * v * v;
  return 2 * EARTH_RADIUS * Math.asin(Math.min(1, Math.sqrt(h)));
}

export const inCircle = (position: Position, circle: Circle): boolean =>
  distance(position, circle) <= circle.radius;
