import { CarillonError } from '../errors/carillon-error.js';
import type { Audience, AudienceTerm } from './audience.js';
import { matches } from './evaluate-audience.js';
import { parseAudience } from './parse-audience.js';
import { planAudience } from './plan-audience.js';

const circle = { lat: 31.23, lon: 121.47, radius: 5_000 };

describe('parseAudience', () => {
  it.each<[string, unknown, Audience]>([
    ['one value', { user: 'alice' }, { user: ['alice'] }],
    ['several values, each once', { tag: ['a', 'b', 'a'] }, { tag: ['a', 'b'] }],
    ['a circle', { area: { circle } }, { area: { circle } }],
    ['everyone', { everyone: true }, { everyone: true }],
    [
      'a tree',
      { all: [{ group: 'vip' }, { not: { any: [{ tag: 'muted' }, { device: 'd1' }] } }] },
      { all: [{ group: ['vip'] }, { not: { any: [{ tag: ['muted'] }, { device: ['d1'] }] } }] },
    ],
  ])('reads %s', (_, json, audience) => {
    expect(parseAudience(json)).toEqual(audience);
  });

  const deep = Array.from({ length: 20 }).reduce((inner: unknown) => ({ not: inner }), { everyone: true });
  const wide = { any: Array.from({ length: 100 }, () => ({ any: [{ user: 'a' }, { user: 'b' }] })) };
  it.each<[string, unknown, string, string]>([
    ['nothing', undefined, '/audience', 'must be an object'],
    ['null', null, '/audience', 'must be an object'],
    ['an array', [], '/audience', 'must be an object'],
    ['an empty object', {}, '/audience', 'is empty'],
    ['two members', { user: 'a', tag: 'b' }, '/audience', 'has 2 members (user, tag)'],
    ['an unknown kind', { segment: 'x' }, '/audience/segment', 'is not known'],
    ['an unknown kind with a slash', { 'a/b~': 'x' }, '/audience/a~1b~0', 'is not known'],
    ['everyone but', { everyone: false }, '/audience/everyone', 'must be true'],
    ['an empty list', { all: [] }, '/audience/all', 'must be an array of 1 to 100'],
    ['a list that is none', { any: { user: 'a' } }, '/audience/any', 'must be an array'],
    ['a bad item', { any: [{ user: 'a' }, 7] }, '/audience/any/1', 'must be an object'],
    ['a bad value in a list', { user: ['a', ''] }, '/audience/user/1', 'printable'],
    ['a value with white space', { tag: 'a b' }, '/audience/tag', 'without white space'],
    ['a lone surrogate', { tag: 'a\ud800' }, '/audience/tag', 'printable'],
    ['an upper-case device', { device: 'Phone' }, '/audience/device', 'lower case'],
    ['no values', { user: [] }, '/audience/user', '1 to 1000 strings'],
    ['an area without a shape', { area: {} }, '/audience/area', '"circle"'],
    [
      'a latitude beyond the map',
      { area: { circle: { ...circle, lat: 86 } } },
      '/audience/area/circle/lat',
      '85.05',
    ],
    [
      'a longitude as text',
      { area: { circle: { ...circle, lon: '1' } } },
      '/audience/area/circle/lon',
      '-180 to 180',
    ],
    ['no radius', { area: { circle: { lat: 0, lon: 0 } } }, '/audience/area/circle/radius', 'metres'],
    [
      'an unknown part',
      { area: { circle: { ...circle, unit: 'km' } } },
      '/audience/area/circle/unit',
      'is not known',
    ],
    ['too deep a tree', deep, `/audience${'/not'.repeat(16)}`, 'nested more than 16 deep'],
    ['too many terms', wide, '/audience', 'more than 100 terms'],
  ])('refuses %s and says where', (_, json, pointer, detail) => {
    let thrown: unknown;
    try {
      parseAudience(json);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(CarillonError);
    const { code, faults, message } = thrown as CarillonError;
    expect(code).toBe('invalid-audience');
    expect(faults[0]).toEqual({ pointer, detail: expect.stringContaining(detail) });
    expect(message).toBe(`${pointer}: ${faults[0]!.detail}`);
  });

  it('finds every fault, not the first alone', () => {
    expect(() => parseAudience({ any: [{ user: '' }, { tag: ' ' }] })).toThrow(
      expect.objectContaining({ faults: [expect.anything(), expect.anything()] }),
    );
  });
});

describe('planAudience', () => {
  it.each<[Audience, AudienceTerm[], { exact: boolean; direct: boolean }]>([
    [{ device: ['d'] }, [{ device: ['d'] }], { exact: true, direct: true }],
    [{ user: ['u'] }, [{ user: ['u'] }], { exact: true, direct: true }],
    [
      { any: [{ user: ['u'] }, { device: ['d'] }] },
      [{ user: ['u'] }, { device: ['d'] }],
      { exact: true, direct: true },
    ],
    [{ all: [{ tag: ['t'] }, { user: ['u'] }] }, [{ user: ['u'] }], { exact: false, direct: true }],
    [{ all: [{ everyone: true }, { group: ['g'] }] }, [{ group: ['g'] }], { exact: false, direct: false }],
    [{ not: { tag: ['t'] } }, [{ everyone: true }], { exact: false, direct: false }],
    [{ all: [{ not: { tag: ['t'] } }, { tag: ['s'] }] }, [{ tag: ['s'] }], { exact: false, direct: false }],
    [{ area: { circle } }, [{ area: { circle } }], { exact: true, direct: false }],
  ])('of %j is driven by the cheapest terms', (audience, drivers, rest) => {
    expect(planAudience(audience)).toEqual({ drivers, ...rest });
  });

  it('drives by terms that hold everyone whom the expression matches (checked over all small worlds)', () => {
    const a: AudienceTerm = { tag: ['a'] };
    const b: AudienceTerm = { group: ['b'] };
    const everyone: AudienceTerm = { everyone: true };
    const leaves: Audience[] = [a, b, everyone];
    const grow = (nodes: Audience[]): Audience[] => [
      ...nodes,
      ...nodes.map((not): Audience => ({ not })),
      ...nodes.flatMap((x) => nodes.flatMap((y): Audience[] => [{ all: [x, y] }, { any: [x, y] }])),
    ];
    const missed: string[] = [];
    for (const audience of grow(grow(leaves)).slice(0, 2_000)) {
      const { drivers } = planAudience(audience);
      for (const [isA, isB] of [
        [0, 0],
        [0, 1],
        [1, 0],
        [1, 1],
      ] as const) {
        const answers = new Map<AudienceTerm, boolean[]>([
          [a, [isA === 1]],
          [b, [isB === 1]],
          [everyone, [true]],
        ]);
        const driven = drivers.some((term) => ('everyone' in term ? true : answers.get(term)![0]));
        if (matches(audience, answers, 0) && !driven) missed.push(JSON.stringify(audience));
      }
    }
    expect(missed).toEqual([]);
  });
});
