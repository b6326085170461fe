import { readdirSync, readFileSync } from 'node:fs';
import { createRedis, forOneCall } from '@carillon/redis';
import { testRedisUrl } from '@carillon/testing';
import { keyFaults } from '../support/lua-keys.js';

/** What every Lua script keeps to, so that it runs on a cluster and can be read by a person. */
const DIRECTORY = new URL('../../libs/redis/src/scripts/', import.meta.url);
const FILES = readdirSync(DIRECTORY);
const sourceOf = (file: string): string => readFileSync(new URL(file, DIRECTORY), 'utf8');
const headerOf = (lua: string): string => /^(?:--[^\n]*\n)+/.exec(lua)?.[0] ?? '';
/** The part of a header behind a word, with the lines that continue it. */
const partOf = (header: string, word: string): string | undefined =>
  new RegExp(`^-- ${word}((?:\\s[^\\n]*)(?:\\n-- {3,}[^\\n]*)*)`, 'm').exec(header)?.[1];

describe.each(FILES)('%s', (file) => {
  const lua = sourceOf(file);
  const header = headerOf(lua);

  it('takes every key from KEYS', () => expect(keyFaults(forOneCall(lua))).toEqual([]));

  it('says in its header what it is for, what it takes and what it gives', () => {
    expect(header).toMatch(/^-- [A-Z].*\.\n/);
    for (const word of ['KEYS', 'ARGV', 'Result'])
      expect([word, partOf(header, word)]).toEqual([word, expect.stringMatching(/\w/)]);
  });

  it.each(['KEYS', 'ARGV'])('uses no %s that its header does not name', (table) => {
    const part = partOf(header, table)!;
    const named = new Set([...part.matchAll(/(?:^|\s)(\d+)(?=\s|\.\.)/g)].map(([, n]) => Number(n)));
    const openFrom = Number(/(\d+)\.\./.exec(part)?.[1] ?? (/\d/.test(part) ? Infinity : 1));
    const code = lua.slice(header.length);
    const used = [...code.matchAll(new RegExp(`${table}\\[(\\d+)\\]`, 'g'))].map(([, n]) => Number(n));
    expect(used.filter((n) => !named.has(n) && n < openFrom)).toEqual([]);
  });

  it('asks Redis neither for the time nor for chance', () => {
    expect(lua).not.toMatch(/'(TIME|RANDOMKEY|SRANDMEMBER|SPOP)'|math\.random/);
  });
});

it('every script of the directory is registered on a client, and no other', () => {
  const client = createRedis({ urls: [testRedisUrl()] });
  const commands = client as unknown as Record<string, unknown>;
  const names = FILES.map((file) => file.replace('.lua', ''));
  expect(names.filter((name) => typeof commands[name] !== 'function')).toEqual([]);
  const registered = readFileSync(new URL('../redis-scripts.ts', DIRECTORY), 'utf8');
  const listed = [...registered.matchAll(/^ {2}'([a-z-]+)',$/gm)].map(([, name]) => name);
  expect(listed).toEqual(names);
  client.disconnect();
});

describe('the check of keys finds', () => {
  it.each([
    ["redis.call('GET', ARGV[1])", 'an argument'],
    ["redis.call('GET', 'carillon:{p1}:x')", 'a name written out'],
    ["redis.call('GET', KEYS[1] .. ':more')", 'a name made from a key'],
    ["redis.call('GET', KEYS[1] .. KEYS[2])", 'two keys joined'],
    ["local key = ARGV[1]\nredis.call('GET', key)", 'a variable from an argument'],
    ["local a, b = KEYS[1], ARGV[1]\nredis.call('GET', b)", 'the second of two variables'],
    ["local key = KEYS[1]\nkey = ARGV[2]\nredis.call('GET', key)", 'a variable that is set anew'],
    [
      "local function f(x, key)\n  redis.call('GET', key)\nend\nf(1, KEYS[1])\nf(2, ARGV[1])",
      'a parameter at one of the calls',
    ],
    ["local t = { key = ARGV[1] }\nredis.call('GET', t.key)", 'a field of a table'],
    ["for _, key in ipairs(ARGV) do\n  redis.call('GET', key)\nend", 'a loop over arguments'],
    ["redis.call('DEL', KEYS[1], ARGV[1])", 'the second key of a command that takes many'],
    ["redis.call('SUNIONSTORE', KEYS[1], 'other')", 'a command that it does not know'],
    ['redis.call(ARGV[1], KEYS[1])', 'a command that is not written out'],
    ["local call = redis.call\ncall('GET', 'x')", 'redis.call under another name'],
    ["redis.pcall('GET', ARGV[1])", 'pcall'],
    ["redis.call('GET', unknown)", 'a variable that nobody sets'],
  ])('%j', (lua) => expect(keyFaults(lua)).not.toEqual([]));

  it.each([
    "local a, b = KEYS[1], KEYS[ARGV[1] + (2 * 3)]\nredis.call('SET', b, ARGV[1])\nredis.call('DEL', a, b)",
    "local function f(key)\n  redis.call('GET', key)\nend\nf(KEYS[1])\nf(KEYS[tonumber(ARGV[1])])",
    "local t = { { name = ARGV[1], key = KEYS[2] } }\nfor _, e in ipairs(t) do\n  redis.call('GET', e.key)\nend",
  ])('nothing in %j', (lua) => expect(keyFaults(lua)).toEqual([]));
});
