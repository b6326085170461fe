import type { Area, Audience, AudienceTerm, Comparand, GeoJsonArea } from '@carillon/domain';

/** Names that the text form has to quote, and names that look like its words. */
const NAMES = [
  'a',
  'b',
  'c',
  'd',
  'vip',
  'and',
  'not',
  'near',
  'x:y',
  'q"x',
  '日本',
  'a,b',
  '[z]',
  '(p)',
  'e\\f',
  '@7',
  '<1',
];
const ATTRIBUTES = ['plan', 'age', 'paid', 'ends', 'odd"name', 'or', 'x.y'];
const MOMENTS = ['now', 'now-7d', 'now+90s', '2026-05-01T07:00:00.000Z', '2027-01-01T00:00:00.000Z'];

/** Makes expressions of every kind of term; the same for the same numbers. */
export class RandomAudience {
  constructor(
    private readonly random: () => number,
    /** Names that terms use; with few of them devices match. */
    private readonly names: readonly string[] = NAMES,
  ) {}

  tree(depth = 4): Audience {
    const kind = depth === 0 ? 'term' : this.pick(['all', 'any', 'not', 'term', 'term'] as const);
    if (kind === 'term') return this.term();
    if (kind === 'not') return { not: this.tree(depth - 1) };
    const nodes = Array.from({ length: 2 + this.below(3) }, () => this.tree(depth - 1));
    return kind === 'all' ? { all: nodes } : { any: nodes };
  }

  term(): AudienceTerm {
    const kinds = ['user', 'group', 'tag', 'device', 'platform', 'locale', 'presence', 'list'] as const;
    switch (this.below(10)) {
      case 0:
        return { everyone: true };
      case 1:
        return { appVersion: this.pick(['>=2.1.0 <3', '2.x || 4.0.1', '^1.2', '*']) };
      case 2:
      case 3:
        return { attr: { name: this.pick(ATTRIBUTES), ...this.comparison() } };
      case 4:
        return {
          lastSeen: this.pick([
            { exists: true },
            { exists: false },
            { gte: this.pick(MOMENTS) },
            { lt: 'now-1h' },
          ]),
        };
      case 5:
        return { area: this.area() };
      default:
        return this.named(this.pick(kinds));
    }
  }

  area(): Area {
    const age = this.below(3) === 0 ? { maxAge: this.pick([1, 90, 3_600, 172_800]) } : {};
    const [lat, lon] = [this.degrees(80), this.degrees(180)];
    switch (this.below(3)) {
      case 0:
        return { circle: { lat, lon, radius: this.pick([1, 1.5, 5_000, 2_000_000, 9_000_000]) }, ...age };
      case 1:
        return { box: { south: lat, west: lon, north: lat + 10, east: this.degrees(180) }, ...age };
      default:
        return { geojson: this.polygon(lat, lon), ...age };
    }
  }

  private polygon(lat: number, lon: number): GeoJsonArea {
    const ring = (size: number): [number, number][] => {
      const corners: [number, number][] = [
        [lon - size, lat - size / 4],
        [lon + size, lat - size / 3],
        [lon + size / 2, lat + size / 4],
        [lon - size, lat + size / 5],
      ];
      return [...corners, corners[0]!];
    };
    const rings = [ring(30), ring(10)];
    if (this.below(2) === 0) return { type: 'Polygon', coordinates: rings };
    return { type: 'MultiPolygon', coordinates: [rings, [ring(5)]] };
  }

  private named(
    kind: 'user' | 'group' | 'tag' | 'device' | 'platform' | 'locale' | 'presence' | 'list',
  ): AudienceTerm {
    const choices = {
      device: ['dev-0', 'dev-1', 'dev-17', 'dev-33', 'x.y_z'],
      platform: ['android', 'iOS', 'web app'],
      locale: ['de', 'de-AT', 'pt-BR', 'en'],
      presence: ['online', 'offline', 'mqtt', 'xmpp', 'poll'],
    };
    const names = kind in choices ? choices[kind as keyof typeof choices] : this.names;
    const some = Array.from({ length: this.pick([1, 1, 2, 3]) }, () => this.pick(names));
    return { [kind]: [...new Set(some)] } as unknown as AudienceTerm;
  }

  private comparison() {
    const values: Comparand[] = ['pro', 'a "b" \n', '', 18, -0.5, 1e-7, true, { time: this.pick(MOMENTS) }];
    const order: Comparand[] = ['pro', 18, 7.25, { time: this.pick(MOMENTS) }];
    return this.pick([
      { eq: this.pick(values) },
      { in: ['pro', 18, false] },
      { lt: this.pick(order) },
      { lte: this.pick(order) },
      { gt: this.pick(order) },
      { gte: this.pick(order) },
      { prefix: this.pick(['p', 'pro', '2']) },
      { exists: this.below(2) === 0 },
    ]);
  }

  private degrees(most: number): number {
    return Math.round((this.random() * 2 - 1) * most * 1_000) / 1_000;
  }

  below(count: number): number {
    return Math.floor(this.random() * count);
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)]!;
  }
}
