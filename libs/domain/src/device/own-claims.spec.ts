import { claimAlias, claimed, claimTags } from './own-claims.js';

describe('an alias', () => {
  it.each([
    ['of a device without a user', undefined, 'anna', { ok: true, user: 'self:anna' }],
    ['instead of another', 'self:anna', 'bob', { ok: true, user: 'self:bob' }],
    ['taken away', 'self:anna', '', { ok: true, user: null }],
    ['never instead of the business’s user', 'anna', 'bob', { ok: false, reason: 'not-allowed' }],
    ['never to shake off the business’s user', 'anna', '', { ok: false, reason: 'not-allowed' }],
    ['that says it is another kind of name', undefined, 'self:x', { ok: true, user: 'self:self:x' }],
    ['with a space', undefined, 'a b', { ok: false, reason: 'invalid' }],
    ['too long with what stands before it', undefined, 'x'.repeat(124), { ok: false, reason: 'invalid' }],
    ['just short enough', undefined, 'x'.repeat(123), { ok: true }],
  ] as const)('%s', (_, user, alias, expected) => {
    expect(claimAlias(user === undefined ? {} : { user }, alias)).toMatchObject(expected);
  });
});

describe('tags', () => {
  it('that a device gives itself stand beside those of the business, and replace its own', () => {
    expect(claimTags({ tags: ['vip', 'self:old'] }, ['news', 'vip', 'news'])).toEqual({
      ok: true,
      tags: ['vip', 'self:news', 'self:vip'],
    });
    expect(claimTags({ tags: ['vip', 'self:old'] }, [])).toEqual({ ok: true, tags: ['vip'] });
  });

  it('are bounded and well formed', () => {
    const many = Array.from({ length: 101 }, (_, i) => `t${i}`);
    expect(claimTags({ tags: [] }, many)).toMatchObject({ ok: false, reason: 'invalid' });
    expect(claimTags({ tags: [] }, many.slice(1))).toMatchObject({ ok: true });
    expect(claimTags({ tags: [] }, ['a/b'])).toMatchObject({
      ok: false,
      detail: expect.stringContaining('/'),
    });
  });

  it('are addressed by their claimed name', () => expect(claimed('news')).toBe('self:news'));
});
