import { seeded } from '../../../../test/support/random.js';
import { compileShape } from '../area/compile-shape.js';
import type { Shape } from '../area/shape.js';
import { FenceIndex } from './fence-index.js';
import { fenceSteps } from './fence-steps.js';
import type { Geofence, Visit } from './geofence.js';

const fence = (id: string, area: Shape, fields: Partial<Geofence> = {}): Geofence => ({
  id,
  app: 'default',
  area,
  triggers: ['enter', 'exit', 'dwell'],
  dwellSeconds: 60,
  hysteresis: 50,
  notification: { content: { kind: 'notification', title: 'x' }, ttl: 60 },
  createdAt: 0,
  updatedAt: 0,
  ...fields,
});

describe('the index of fences', () => {
  it('finds the fences that a search of them all finds', () => {
    const random = seeded(7);
    const fences = Array.from({ length: 2_000 }, (_, i) => {
      const [lat, lon] = [random() * 178 - 89, random() * 360 - 180];
      const radius = 10 ** (1 + random() * 6);
      const box = {
        south: lat - 1,
        north: Math.min(90, lat + 1),
        west: lon,
        east: lon > 175 ? lon - 355 : lon + 5,
      };
      return fence(`f-${i}`, i % 3 ? { circle: { lat, lon, radius } } : { box });
    });
    const index = new FenceIndex(fences);
    const shapes = fences.map(({ id, area }) => ({ id, shape: compileShape(area) }));
    const wrong: unknown[] = [];
    for (let i = 0; i < 500; i++) {
      const position = { lat: random() * 180 - 90, lon: random() * 360 - 180 };
      const expected = shapes.filter(({ shape }) => shape.contains(position)).map(({ id }) => id);
      const found = index.at(position).map((each) => each.fence.id);
      if (found.sort().join() !== expected.sort().join()) wrong.push(position);
    }
    expect(wrong).toEqual([]);
  });
});

describe('a position', () => {
  const square: Shape = { box: { south: 0, west: 0, north: 1, east: 1 } };
  const index = new FenceIndex([
    fence('square', square),
    fence('far', { circle: { lat: 50, lon: 50, radius: 100 } }),
  ]);
  const visit = (fields: Partial<Visit> = {}): Visit => ({
    fenceId: 'square',
    since: 1_000,
    fired: ['enter'],
    ...fields,
  });
  const steps = (visits: readonly Visit[], lat: number, lon: number, at: number) =>
    fenceSteps(index, visits, { lat, lon }, at).map(({ kind, triggers, since }) => [
      kind,
      since,
      ...triggers,
    ]);

  it.each<[string, Visit[], number, number, number, unknown[]]>([
    ['inside begins a visit', [], 0.5, 0.5, 5, [['begin', 5, 'enter']]],
    ['outside begins none', [], 2, 2, 5, []],
    ['inside again changes nothing', [visit()], 0.6, 0.5, 2_000, []],
    ['inside long enough is a stay', [visit()], 0.6, 0.5, 61_000, [['stay', 1_000, 'dwell']]],
    ['that stays on after it is none', [visit({ fired: ['enter', 'dwell'] })], 0.6, 0.5, 99_000, []],
    ['just outside is not gone yet', [visit()], 1.0004, 0.5, 2_000, []],
    ['further outside ends the visit', [visit()], 1.0006, 0.5, 2_000, [['end', 1_000, 'exit']]],
    ['makes up for what was not told', [visit({ fired: [] })], 0.5, 0.5, 2_000, [['stay', 1_000, 'enter']]],
    ['ends a visit of a fence that is gone', [visit({ fenceId: 'gone' })], 2, 2, 9, [['end', 1_000]]],
  ])('%s', (_, visits, lat, lon, at, expected) => {
    expect(steps(visits, lat, lon, at)).toEqual(expected);
  });

  it.each<[string, Shape, [number, number], number]>([
    ['a box', square, [1.001, 0.5], 111],
    ['a circle', { circle: { lat: 0, lon: 0, radius: 1_000 } }, [0.01, 0], 112],
    [
      'a box across the antimeridian',
      { box: { south: -1, west: 179, north: 1, east: -179 } },
      [0, -178.999],
      111,
    ],
    [
      'the hole of a polygon',
      {
        geojson: {
          type: 'Polygon',
          coordinates: [
            [
              [0, 0],
              [4, 0],
              [4, 4],
              [0, 4],
              [0, 0],
            ],
            [
              [1, 1],
              [3, 1],
              [3, 3],
              [1, 3],
              [1, 1],
            ],
          ],
        },
      },
      [1.002, 2],
      222,
    ],
  ])('is so far from %s', (_, shape, [lat, lon], metres) => {
    expect(Math.abs(compileShape(shape).metresFrom({ lat, lon }) - metres)).toBeLessThan(2);
  });
});
