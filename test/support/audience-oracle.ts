import type { Audience, AudienceTerm, Device, LonLat, Position, Ring } from '@carillon/domain';

/** A device as the oracle sees it. */
export interface OracleDevice extends Device {
  /** Transports over which it is connected. */
  readonly connected: readonly string[];
  /** Lists that name it or its user. */
  readonly lists: readonly string[];
}

const DAY = 86_400_000;

/** Whether a device is meant by an expression: slow, and shares nothing with what it checks. */
export function isMeant(node: Audience, device: OracleDevice, now: number): boolean {
  if ('all' in node) return !node.all.some((each) => !isMeant(each, device, now));
  if ('any' in node) return node.any.some((each) => isMeant(each, device, now));
  if ('not' in node) return !isMeant(node.not, device, now);
  return fits(node, device, now);
}

function fits(term: AudienceTerm, device: OracleDevice, now: number): boolean {
  if ('everyone' in term) return true;
  if ('user' in term) return term.user.some((user) => user === device.user);
  if ('device' in term) return term.device.some((id) => id === device.id);
  if ('group' in term) return term.group.some((group) => device.groups.includes(group));
  if ('tag' in term) return term.tag.some((tag) => device.tags.includes(tag));
  if ('list' in term) return term.list.some((list) => device.lists.includes(list));
  if ('platform' in term)
    return term.platform.some((name) => name.toLowerCase() === device.platform?.toLowerCase());
  if ('locale' in term)
    return term.locale.some((tag) => `${device.locale?.toLowerCase()}-`.startsWith(`${tag.toLowerCase()}-`));
  if ('appVersion' in term) return versionFits(term.appVersion, device.appVersion);
  if ('presence' in term)
    return term.presence.some((each) => {
      if (each === 'offline') return device.connected.length === 0;
      return each === 'online' ? device.connected.length > 0 : device.connected.includes(each);
    });
  if ('lastSeen' in term)
    return seenFits(term.lastSeen, device.connected.length > 0 ? now : device.lastSeen, now);
  if ('attr' in term) return attributeFits(term.attr, device.attributes, now);
  return 'area' in term && areaFits(term.area, device, now);
}

/** The ranges that random expressions have, by hand. */
function versionFits(range: string, version: string | undefined): boolean {
  if (version === undefined) return false;
  const [major, minor, patch] = version.split('.').map(Number) as [number, number, number];
  if (range === '*') return true;
  if (range === '^1.2') return major === 1 && minor >= 2;
  if (range === '2.x || 4.0.1') return major === 2 || (major === 4 && minor === 0 && patch === 1);
  return major === 2 && minor >= 1;
}

function time(moment: string, now: number): number {
  if (moment === 'now') return now;
  if (moment === 'now-7d') return now - 7 * DAY;
  if (moment === 'now+90s') return now + 90_000;
  if (moment === 'now-1h') return now - 3_600_000;
  return Date.parse(moment);
}

function seenFits(comparison: object, seen: number | undefined, now: number): boolean {
  const [operator, value] = Object.entries(comparison)[0] as [string, unknown];
  if (operator === 'exists') return (seen !== undefined) === value;
  return seen !== undefined && compare(operator, seen, time(value as string, now));
}

function attributeFits(attr: { name: string }, attributes: Device['attributes'], now: number): boolean {
  const { name, ...comparison } = attr;
  const value = Object.hasOwn(attributes, name) ? attributes[name] : undefined;
  const [operator, operand] = Object.entries(comparison)[0] as [string, unknown];
  if (operator === 'exists') return (value !== undefined) === operand;
  if (value === undefined) return false;
  if (operator === 'in') return (operand as unknown[]).some((each) => each === value);
  if (operator === 'prefix')
    return typeof value === 'string' && value.slice(0, (operand as string).length) === operand;
  if (typeof operand === 'object') {
    const instant = typeof value === 'string' && value.includes('T') ? Date.parse(value) : Number.NaN;
    return compare(operator, instant, time((operand as { time: string }).time, now));
  }
  return typeof operand === typeof value && compare(operator, value, operand);
}

function compare(operator: string, a: unknown, b: unknown): boolean {
  const [x, y] = [a as number, b as number];
  if (operator === 'eq') return x === y;
  if (operator === 'lt') return x < y;
  if (operator === 'lte') return x <= y;
  return operator === 'gt' ? x > y : x >= y;
}

function areaFits(area: object, { position }: OracleDevice, now: number): boolean {
  if (!position) return false;
  const { maxAge, circle, box, geojson } = area as {
    maxAge?: number;
    circle?: Position & { radius: number };
    box?: { south: number; west: number; north: number; east: number };
    geojson?: { type: string; coordinates: never };
  };
  if (maxAge !== undefined && now - position.at > maxAge * 1_000) return false;
  if (circle)
    return chord(position, circle) <= 2 * EARTH * Math.sin(Math.min(circle.radius / EARTH, Math.PI) / 2);
  if (box) {
    const isWithin =
      box.west <= box.east
        ? position.lon >= box.west && position.lon <= box.east
        : position.lon >= box.west || position.lon <= box.east;
    return isWithin && position.lat >= box.south && position.lat <= box.north;
  }
  const polygons = (geojson!.type === 'Polygon' ? [geojson!.coordinates] : geojson!.coordinates) as Ring[][];
  return polygons.some(
    ([outer, ...holes]) => winds(outer!, position) && !holes.some((hole) => winds(hole, position)),
  );
}

const EARTH = 6_372_797.560856;

/** The straight line through the earth, where the code under test goes along its surface. */
function chord(a: Position, b: Position): number {
  const point = ({ lat, lon }: Position): number[] => {
    const [y, x] = [(lat * Math.PI) / 180, (lon * Math.PI) / 180];
    return [Math.cos(y) * Math.cos(x), Math.cos(y) * Math.sin(x), Math.sin(y)];
  };
  const [p, q] = [point(a), point(b)];
  return EARTH * Math.hypot(...p.map((each, i) => each - q[i]!));
}

/** By the winding number, where the code under test counts crossings. Of a position there is one copy every 360°. */
function winds(ring: Ring, { lat, lon }: Position): boolean {
  return [-720, -360, 0, 360, 720].some((turn) => {
    let angle = 0;
    let shift = 0;
    for (let i = 1; i < ring.length; i++) {
      const [from, to] = [ring[i - 1]!, ring[i]!] as [LonLat, LonLat];
      const step = to[0] - from[0];
      const next = shift + (step > 180 ? -360 : step < -180 ? 360 : 0);
      const a = Math.atan2(from[1] - lat, from[0] + shift - lon - turn);
      const b = Math.atan2(to[1] - lat, to[0] + next - lon - turn);
      shift = next;
      angle += Math.atan2(Math.sin(b - a), Math.cos(b - a));
    }
    return Math.abs(angle) > Math.PI;
  });
}
