import { AnswerSeal } from './answer-seal.js';
import { canonicalJson, idempotencyOf } from './idempotency.js';

const request = (body: unknown, key: string | string[] | undefined = 'k', url = '/v1/notifications') => ({
  method: 'POST',
  url,
  headers: { 'idempotency-key': key },
  body,
});

describe('canonical JSON', () => {
  it.each([
    [{ b: 1, a: { d: [1, { z: 1, y: 2 }], c: null } }, '{"a":{"c":null,"d":[1,{"y":2,"z":1}]},"b":1}'],
    ['text', '"text"'],
    [[2, 1], '[2,1]'],
    [{ é: 1, e: 2 }, '{"e":2,"é":1}'],
  ])('of %j', (value, text) => {
    expect(canonicalJson(value)).toBe(text);
  });
});

describe('the digest of a request', () => {
  const digest = (...args: Parameters<typeof request>) => idempotencyOf(request(...args))!.digest;

  it('does not depend on the order of members', () => {
    expect(digest({ a: 1, b: { c: 1, d: 2 } })).toBe(digest({ b: { d: 2, c: 1 }, a: 1 }));
  });

  it.each([
    ['the body', request({ a: 2 })],
    ['the order of a list', request({ a: [2, 1] })],
    ['the path', request({ a: 1 }, 'k', '/v1/publish/x')],
    ['a parameter', request({ a: 1 }, 'k', '/v1/notifications?title=x')],
  ])('depends on %s', (_, other) => {
    expect(idempotencyOf(other)!.digest).not.toBe(digest({ a: 1 }));
  });

  it('does not depend on the key, whose hash stands for it', () => {
    expect(digest({}, 'one')).toBe(digest({}, 'other'));
    expect(idempotencyOf(request({}, 'one'))!.keyHash).not.toBe(idempotencyOf(request({}, 'other'))!.keyHash);
    expect(idempotencyOf(request({}, 'one'))!.keyHash).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('the header', () => {
  it('may be missing', () => {
    expect(idempotencyOf({ ...request({}), headers: {} })).toBeUndefined();
  });

  it.each(['a', 'with space', '"quoted"', '~'.repeat(255)])('may be %j', (key) => {
    expect(idempotencyOf(request({}, key))).toBeDefined();
  });

  it.each([[''], ['x'.repeat(256)], ['é'], ['\n'], [['a', 'b']]])('cannot be %j', (key) => {
    expect(() => idempotencyOf(request({}, key))).toThrow('Idempotency-Key');
  });
});

describe('an answer that is kept', () => {
  it('is read by who knows the key, and by nobody else', () => {
    const sealed = new AnswerSeal('default', 'k1').close('{"key":"ck_secret"}');
    expect(sealed).not.toContain('ck_secret');
    expect(new AnswerSeal('default', 'k1').open(sealed)).toBe('{"key":"ck_secret"}');
    for (const [app, key] of [
      ['default', 'k2'],
      ['other', 'k1'],
    ] as const)
      expect(() => new AnswerSeal(app, key).open(sealed)).toThrow(/authenticate/);
  });
});
