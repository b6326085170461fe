import type { Ring } from './shape.js';

/**
 * A ring on the plane of longitude and latitude, its longitudes going on beyond ±180 instead of jumping. Edges are straight there (RFC 7946
 * §3.1.1). One that spans more than half the earth is meant the short way round, across the antimeridian; one from -180 to 180 goes all the
 * way round. A ring around a pole is closed along it.
 */
export interface PlanarRing {
  readonly lons: readonly number[];
  readonly lats: readonly number[];
  readonly west: number;
  readonly east: number;
  readonly south: number;
  readonly north: number;
}

export function planarRing(ring: Ring): PlanarRing {
  const lons: number[] = [];
  const lats: number[] = [];
  let shift = 0;
  ring.forEach(([lon, lat], i) => {
    if (i > 0) shift += jump(lon - ring[i - 1]![0]);
    lons.push(lon + shift);
    lats.push(lat);
  });
  if (shift !== 0) closeAtPole(lons, lats);
  return {
    lons,
    lats,
    west: Math.min(...lons),
    east: Math.max(...lons),
    south: Math.min(...lats),
    north: Math.max(...lats),
  };
}

/** By how much the rest of a ring has to be moved so that this step is the short one. */
function jump(step: number): number {
  if (Math.abs(step) <= 180 || Math.abs(step) === 360) return 0;
  return step > 0 ? -360 : 360;
}

/** The ring came back 360° away: it goes around the pole that is nearer to it. */
function closeAtPole(lons: number[], lats: number[]): void {
  const mean = lats.reduce((sum, lat) => sum + lat, 0) / lats.length;
  const pole = mean < 0 ? -90 : 90;
  lons.push(lons.at(-1)!, lons[0]!, lons[0]!);
  lats.push(pole, pole, lats[0]!);
}

/** Whether a position lies in the ring (even-odd rule), wherever around the earth its longitudes are counted. */
export function ringContains(ring: PlanarRing, lon: number, lat: number): boolean {
  if (lat < ring.south || lat > ring.north) return false;
  const first = lon + 360 * Math.ceil((ring.west - lon) / 360);
  for (let x = first; x <= ring.east; x += 360) if (crossings(ring, x, lat) % 2 === 1) return true;
  return false;
}

function crossings({ lons, lats }: PlanarRing, x: number, y: number): number {
  let count = 0;
  for (let i = 1; i < lons.length; i++) {
    const [x0, y0, x1, y1] = [lons[i - 1]!, lats[i - 1]!, lons[i]!, lats[i]!];
    if (y0 > y !== y1 > y && x < x0 + ((y - y0) / (y1 - y0)) * (x1 - x0)) count++;
  }
  return count;
}
