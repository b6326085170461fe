import { FaultList } from '../faults.js';
import { DURATION_RULE, parseDuration } from '../time/duration.js';
import { MAX_RADIUS } from './area.js';
import { type Area, cornersOf, type GeoJsonArea, type PolygonRings, type Ring, type Shape } from './shape.js';

const KINDS = ['circle', 'box', 'geojson'] as const;
const MAX_AGE = 10 * 365 * 86_400;
/** Corners of all rings of one area together. */
export const MAX_CORNERS = 10_000;

/** Reads `{"circle" | "box" | "geojson": …, "maxAge"?: …}`; undefined when something was wrong, which `faults` tells. */
export function parseArea(json: unknown, pointer: string, faults: FaultList): Area | undefined {
  const before = faults.faults.length;
  const fields = faults.object(json, pointer, [...KINDS, 'maxAge']);
  if (!fields) return undefined;
  const shape = parseShapeOf(fields, pointer, faults);
  const maxAge = parseMaxAge(fields.maxAge, `${pointer}/maxAge`, faults);
  if (!shape || faults.faults.length > before) return undefined;
  return maxAge === undefined ? shape : { ...shape, maxAge };
}

/** Without `maxAge`, which has no meaning for a fence. */
export function parseShape(json: unknown, pointer: string, faults: FaultList): Shape | undefined {
  const before = faults.faults.length;
  const fields = faults.object(json, pointer, KINDS);
  const shape = fields && parseShapeOf(fields, pointer, faults);
  return faults.faults.length > before ? undefined : shape;
}

function parseShapeOf(
  fields: Record<string, unknown>,
  pointer: string,
  faults: FaultList,
): Shape | undefined {
  const given = KINDS.filter((kind) => fields[kind] !== undefined);
  const [kind] = given;
  if (given.length !== 1 || !kind) {
    return faults.add(pointer, 'must have exactly one of "circle", "box", "geojson"');
  }
  const at = `${pointer}/${kind}`;
  if (kind === 'circle') return parseCircle(fields.circle, at, faults);
  return kind === 'box' ? parseBox(fields.box, at, faults) : parseGeoJson(fields.geojson, at, faults);
}

function parseCircle(json: unknown, pointer: string, faults: FaultList): Shape | undefined {
  const fields = faults.object(json, pointer, ['lat', 'lon', 'radius']);
  if (!fields) return undefined;
  const lat = faults.number(fields.lat, `${pointer}/lat`, -90, 90, 'degrees');
  const lon = faults.number(fields.lon, `${pointer}/lon`, -180, 180, 'degrees');
  const radius = faults.number(fields.radius, `${pointer}/radius`, 1, MAX_RADIUS, 'metres');
  return { circle: { lat, lon, radius } };
}

function parseBox(json: unknown, pointer: string, faults: FaultList): Shape | undefined {
  const fields = faults.object(json, pointer, ['south', 'west', 'north', 'east']);
  if (!fields) return undefined;
  const latitude = (name: string): number =>
    faults.number(fields[name], `${pointer}/${name}`, -90, 90, 'degrees');
  const longitude = (name: string): number =>
    faults.number(fields[name], `${pointer}/${name}`, -180, 180, 'degrees');
  const [south, north] = [latitude('south'), latitude('north')];
  const [west, east] = [longitude('west'), longitude('east')];
  if (south > north) faults.add(`${pointer}/south`, 'must not be north of "north"');
  return { box: { south, west, north, east } };
}

function parseGeoJson(json: unknown, pointer: string, faults: FaultList): Shape | undefined {
  const fields = faults.object(json, pointer, ['type', 'coordinates']);
  if (!fields) return undefined;
  const { type, coordinates } = fields;
  const at = `${pointer}/coordinates`;
  if (type !== 'Polygon' && type !== 'MultiPolygon') {
    return faults.add(`${pointer}/type`, 'must be "Polygon" or "MultiPolygon"');
  }
  const parsed: unknown =
    type === 'Polygon'
      ? parseRings(coordinates, at, faults)
      : parseList(coordinates, at, 'polygons', faults)?.map((each, i) =>
          parseRings(each, `${at}/${i}`, faults),
        );
  const shape = { geojson: { type, coordinates: parsed } as GeoJsonArea };
  if (faults.faults.length > 0) return undefined;
  const corners = cornersOf(shape);
  if (corners > MAX_CORNERS) return faults.add(at, `has ${corners} positions, of at most ${MAX_CORNERS}`);
  return shape;
}

function parseRings(json: unknown, pointer: string, faults: FaultList): PolygonRings | undefined {
  return parseList(json, pointer, 'rings', faults)?.map((ring, i) =>
    parseRing(ring, `${pointer}/${i}`, faults),
  );
}

function parseRing(json: unknown, pointer: string, faults: FaultList): Ring {
  if (!Array.isArray(json) || json.length < 4) {
    faults.add(pointer, 'must be an array of at least 4 positions, the last equal to the first');
    return [];
  }
  const ring = json.map((each, i) => parsePosition(each, `${pointer}/${i}`, faults));
  const [first, last] = [ring[0]!, ring.at(-1)!];
  if (first[0] !== last[0] || first[1] !== last[1]) {
    faults.add(`${pointer}/${ring.length - 1}`, 'must be equal to the first position: a ring is closed');
  }
  return ring;
}

/** An altitude may follow, and is left out. */
function parsePosition(json: unknown, pointer: string, faults: FaultList): [number, number] {
  if (!Array.isArray(json) || json.length < 2 || json.length > 3) {
    faults.add(pointer, 'must be [longitude, latitude]');
    return [0, 0];
  }
  const lon = faults.number(json[0], `${pointer}/0`, -360, 360, 'degrees of longitude');
  return [lon, faults.number(json[1], `${pointer}/1`, -90, 90, 'degrees of latitude')];
}

function parseList(
  json: unknown,
  pointer: string,
  what: string,
  faults: FaultList,
): readonly unknown[] | undefined {
  if (Array.isArray(json) && json.length > 0) return json;
  return faults.add(pointer, `must be an array of ${what}`);
}

function parseMaxAge(json: unknown, pointer: string, faults: FaultList): number | undefined {
  if (json === undefined) return undefined;
  const seconds = typeof json === 'string' ? parseDuration(json) : json;
  if (Number.isInteger(seconds) && (seconds as number) >= 1 && (seconds as number) <= MAX_AGE)
    return seconds as number;
  return faults.add(pointer, `must be seconds, from 1 to ${MAX_AGE}, or a duration; ${DURATION_RULE}`);
}
