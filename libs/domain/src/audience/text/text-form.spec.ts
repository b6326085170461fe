import { RandomAudience } from '../../../../../test/support/random-audience.js';
import { seeded } from '../../../../../test/support/random.js';
import type { CarillonError } from '../../errors/carillon-error.js';
import type { Audience } from '../audience.js';
import { parseAudience } from '../parse-audience.js';
import { printAudience } from './print-audience.js';

describe('the text form', () => {
  it.each<[string, Audience]>([
    [
      'group:vip and not tag:muted and near(31.23,121.47,5km)',
      {
        all: [
          { group: ['vip'] },
          { not: { tag: ['muted'] } },
          { area: { circle: { lat: 31.23, lon: 121.47, radius: 5_000 } } },
        ],
      },
    ],
    ['everyone', { everyone: true }],
    [
      'user:anna or user:bob and tag:x',
      { any: [{ user: ['anna'] }, { all: [{ user: ['bob'] }, { tag: ['x'] }] }] },
    ],
    [
      '(tag:a OR tag:b) AND NOT tag:c',
      { all: [{ any: [{ tag: ['a'] }, { tag: ['b'] }] }, { not: { tag: ['c'] } }] },
    ],
    ['tag:["(x)", y]', { tag: ['(x)', 'y'] }],
    ['attr.plan = "pro"', { attr: { name: 'plan', eq: 'pro' } }],
    ['attr.age >= 18', { attr: { name: 'age', gte: 18 } }],
    ['attr.paid != true', { not: { attr: { name: 'paid', eq: true } } }],
    ['attr.plan in ["a", 2, false]', { attr: { name: 'plan', in: ['a', 2, false] } }],
    ['attr.sku prefix "x-"', { attr: { name: 'sku', prefix: 'x-' } }],
    ['attr.ends < @now-7d', { attr: { name: 'ends', lt: { time: 'now-7d' } } }],
    ['attr."a:b" missing', { attr: { name: 'a:b', exists: false } }],
    ['lastSeen >= @2027-05-01T09:00:00+02:00', { lastSeen: { gte: '2027-05-01T07:00:00.000Z' } }],
    ['lastSeen exists', { lastSeen: { exists: true } }],
    ['appVersion:">=2.1 <3"', { appVersion: '>=2.1 <3' }],
    ['appVersion:^4.2', { appVersion: '^4.2' }],
    ['presence:[mqtt, xmpp]', { presence: ['mqtt', 'xmpp'] }],
    ['segment:regulars and list:invited', { all: [{ segment: ['regulars'] }, { list: ['invited'] }] }],
    [
      'box(-20, 170, -10, -170, maxAge=2h)',
      { area: { box: { south: -20, west: 170, north: -10, east: -170 }, maxAge: 7_200 } },
    ],
    [
      'within({"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,0]]]})',
      {
        area: {
          geojson: {
            type: 'Polygon',
            coordinates: [
              [
                [0, 0],
                [1, 0],
                [1, 1],
                [0, 0],
              ],
            ],
          },
        },
      },
    ],
  ])('reads %s', (text, tree) => {
    expect(parseAudience(text)).toEqual(tree);
  });

  it.each<[string, string]>([
    ['', 'line 1, column 1: expected a term, such as group:vip, found the end of the text'],
    ['group:vip tag:x', 'line 1, column 11: expected "and", "or" or the end, found "tag:x"'],
    ['group:vip and\n  (tag:x or tag:y', 'line 2, column 18: expected )'],
    ['group:vip and\n  mood:good', 'line 2, column 3: "mood" is not known'],
    ['group', 'line 1, column 6: expected : after group'],
    ['tag:"a', 'line 1, column 5: this text in quotes has no end'],
    ['tag:"\\x"', 'line 1, column 5: this text in quotes has an escape'],
    ['tag:"a b"', 'line 1, column 5: must be 1 to 128 printable'],
    ['tag:[ok, "a b"]', 'line 1, column 10: must be 1 to 128 printable'],
    ['device:Phone', 'line 1, column 8: must be 1 to 128'],
    ['attr.x ~ 3', 'line 1, column 8: expected =, !='],
    ['attr.x = yes', 'line 1, column 10: expected a number, true, false'],
    ['attr.x < true', 'line 1, column 10: must be a number'],
    ['attr.x < @noon', 'line 1, column 10: must be an RFC 3339 time'],
    ['near(91,0,5km)', 'line 1, column 6: must be a number from -90 to 90'],
    ['near(1,2)', 'line 1, column 9: expected ,'],
    ['near(1,2,5km,maxAge=soon)', 'line 1, column 21: must be seconds'],
    ['appVersion:banana', 'line 1, column 12: must be a range of versions'],
    ['presence:away', 'line 1, column 10: must be one of: online'],
    ['within({"type":"Point"})', 'line 1, column 8: must be "Polygon"'],
    ['within({"type":})', 'line 1, column 8: this is not well-formed JSON'],
    ['within({"type"', 'line 1, column 8: this JSON object has no end'],
    [`${'('.repeat(60)}everyone`, 'nested more than 24 deep'],
    [`${'not '.repeat(30)}everyone`, 'nested more than 24 deep'],
  ])('points at what is wrong in %j', (text, detail) => {
    let thrown: unknown;
    try {
      parseAudience(text);
    } catch (error) {
      thrown = error;
    }
    expect((thrown as CarillonError).code).toBe('invalid-audience');
    expect((thrown as CarillonError).faults[0]).toEqual({
      pointer: '/audience',
      detail: expect.stringContaining(detail),
    });
  });

  it('finds every fault of the values', () => {
    expect(() => parseAudience('tag:"a b" or near(91, 181, 1km)')).toThrow(
      expect.objectContaining({ faults: [expect.anything(), expect.anything(), expect.anything()] }),
    );
  });

  it('and the JSON form are one tree, whichever way (1,000 random expressions)', () => {
    const trees = new RandomAudience(seeded(6));
    for (let i = 0; i < 1_000; i++) {
      const tree = trees.tree();
      const text = printAudience(tree);
      expect([text, parseAudience(text)]).toEqual([text, tree]);
      expect(parseAudience(JSON.parse(JSON.stringify(tree)))).toEqual(tree);
      expect(printAudience(parseAudience(text))).toBe(text);
    }
  });

  it('holds hundreds of terms, and refuses what costs too much, with its cost', () => {
    const text = Array.from({ length: 400 }, (_, i) => `tag:t${i}`).join(' or ');
    expect(parseAudience(text)).toMatchObject({ any: { length: 400 } });
    const names = Array.from({ length: 900 }, (_, i) => `t${i}`);
    const costly = { any: Array.from({ length: 5 }, () => ({ tag: names })) };
    expect(() => parseAudience(costly)).toThrow(
      expect.objectContaining({
        code: 'audience-too-costly',
        extensions: { cost: 22_500, maxCost: 20_000 },
        message: expect.stringContaining('costs 22500, of at most 20000'),
      }),
    );
  });
});
