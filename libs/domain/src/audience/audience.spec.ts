import { CarillonError } from '../errors/carillon-error.js';
import type { Audience, AudienceTerm } from './audience.js';
import { matches } from './evaluate-audience.js';
import { parseAudience } from './parse-audience.js';
import { drivingSet } from './plan-audience.js';

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

  const deep = Array.from({ length: 30 }).reduce((inner: unknown) => ({ not: inner }), { everyone: true });
  const wide = { any: Array.from({ length: 300 }, () => ({ any: [{ user: 'a' }, { user: 'b' }] })) };
  it.each<[string, unknown, string, string]>([
    ['nothing', undefined, '/audience', 'must be an object'],
    ['null', null, '/audience', 'must be an object'],
    ['an array', [], '/audience', 'must be an object'],
    ['an empty object', {}, '/audience', 'is empty'],
    ['two members', { user: 'a', tag: 'b' }, '/audience', 'has 2 members (user, tag)'],
    ['an unknown kind', { segments: 'x' }, '/audience/segments', 'is not known'],
    ['an unknown kind with a slash', { 'a/b~': 'x' }, '/audience/a~1b~0', 'is not known'],
    ['everyone but', { everyone: false }, '/audience/everyone', 'must be true'],
    ['an empty list', { all: [] }, '/audience/all', 'must be an array of 1 to 500'],
    ['a list that is none', { any: { user: 'a' } }, '/audience/any', 'must be an array'],
    ['a bad item', { any: [{ user: 'a' }, 7] }, '/audience/any/1', 'must be an object'],
    ['a bad value in a list', { user: ['a', ''] }, '/audience/user/1', 'printable'],
    ['a value with white space', { tag: 'a b' }, '/audience/tag', 'without white space'],
    ['a lone surrogate', { tag: 'a\ud800' }, '/audience/tag', 'printable'],
    ['an upper-case device', { device: 'Phone' }, '/audience/device', 'lower case'],
    ['no values', { user: [] }, '/audience/user', '1 to 1000 strings'],
    ['an area without a shape', { area: {} }, '/audience/area', '"circle"'],
    [
      'a latitude beyond the pole',
      { area: { circle: { ...circle, lat: 90.1 } } },
      '/audience/area/circle/lat',
      '-90 to 90',
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
    ['too deep a tree', deep, `/audience${'/not'.repeat(24)}`, 'nested more than 24 deep'],
    ['too many terms', wide, '/audience', 'more than 500 terms'],
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

describe('drivingSet', () => {
  const sizes: Record<string, number> = { everyone: 1_000, a: 10, b: 20, c: 400 };
  const sizeOf = (term: AudienceTerm): number | undefined =>
    'everyone' in term ? sizes.everyone : 'tag' in term ? sizes[term.tag[0]!] : undefined;
  const tag = (name: string): AudienceTerm => ({ tag: [name] });
  const odd: AudienceTerm = { attr: { name: 'odd', eq: true } };

  it.each<[string, Audience, AudienceTerm[], number]>([
    ['the smallest branch of all', { all: [tag('c'), tag('a'), tag('b')] }, [tag('a')], 10],
    ['every branch of any', { any: [tag('b'), tag('a')] }, [tag('b'), tag('a')], 30],
    ['everyone for not', { not: tag('a') }, [{ everyone: true }], 1_000],
    ['everyone where there is no index', odd, [{ everyone: true }], 1_000],
    ['the branch with an index', { all: [odd, { not: tag('b') }, tag('c')] }, [tag('c')], 400],
    [
      'a small union rather than a large set',
      { all: [tag('c'), { any: [tag('a'), tag('b')] }] },
      [tag('a'), tag('b')],
      30,
    ],
    ['everyone once', { any: [odd, tag('a'), { not: tag('b') }] }, [{ everyone: true }], 1_000],
  ])('is %s', (_, audience, terms, size) => {
    expect(drivingSet(audience, sizeOf)).toEqual({ terms, size });
  });

  it('holds everyone whom the expression matches (checked over all small worlds)', () => {
    const [a, b, everyone] = [tag('a'), tag('b'), { everyone: true } as AudienceTerm];
    const leaves: Audience[] = [a, b, everyone];
    const grow = (nodes: Audience[]): Audience[] => [
      ...nodes,
      ...nodes.map((not): Audience => ({ not })),
      ...nodes.flatMap((x) => nodes.flatMap((y): Audience[] => [{ all: [x, y] }, { any: [x, y] }])),
    ];
    const missed: string[] = [];
    for (const audience of grow(grow(leaves)).slice(0, 2_000)) {
      const { terms } = drivingSet(audience, sizeOf);
      for (const world of [0, 1, 2, 3]) {
        const answers = new Map([
          [a, [(world & 1) === 1]],
          [b, [(world & 2) === 2]],
          [everyone, [true]],
        ]);
        const driven = terms.some((term) => 'everyone' in term || answers.get(term)![0]);
        if (matches(audience, answers, 0) && !driven) missed.push(JSON.stringify(audience));
      }
    }
    expect(missed).toEqual([]);
  });
});
