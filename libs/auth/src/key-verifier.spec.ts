import { jest } from '@jest/globals';
import type { ApiKey } from '@carillon/domain';
import { newApiKey, parseApiKey, toApiKey } from './api-keys.js';
import { type KeyLookup, KeyVerifier } from './key-verifier.js';

describe('API keys', () => {
  it('carry their id and their secret in their text', () => {
    const { key, text } = newApiKey('default', 'backend', ['send']);
    expect(text).toMatch(/^ck_[0-9a-f]{16}_[A-Za-z0-9_-]{43}$/);
    expect(parseApiKey(text)).toEqual({ id: key.id, secret: text.slice(20) });
    expect(key).toMatchObject({ app: 'default', name: 'backend', scopes: ['send'] });
    expect(JSON.stringify(key)).not.toContain(text.slice(20));
  });

  it('may be of an operator’s own choosing', () => {
    const key = toApiKey('correct-horse', 'default', 'first', ['admin']);
    expect(parseApiKey('correct-horse')).toEqual({ id: key.id, secret: 'correct-horse' });
    expect(key.id).toMatch(/^x[0-9a-f]{24}$/);
  });

  it.each(['', 'short', 'with a space', 'tab\there', 'ünïcode-key', 'x'.repeat(257)])(
    'cannot be %j',
    (text) => {
      expect(parseApiKey(text)).toBeUndefined();
      expect(() => toApiKey(text, 'default', 'n', [])).toThrow(TypeError);
    },
  );
});

describe('KeyVerifier', () => {
  const { key, text } = newApiKey('default', 'backend', ['send', 'read']);
  let stored: Map<string, ApiKey>;
  let lookup: jest.Mock<KeyLookup>;
  let now: number;
  let verifier: KeyVerifier;

  beforeEach(() => {
    stored = new Map([[key.id, key]]);
    lookup = jest.fn<KeyLookup>(async (id) => stored.get(id));
    now = 0;
    verifier = new KeyVerifier(lookup, { cacheMs: 1_000, cacheSize: 2, now: () => now });
  });

  it('tells whose key it is and what it may do', async () => {
    expect(await verifier.verify(text)).toEqual({ id: key.id, app: 'default', scopes: ['send', 'read'] });
  });

  it.each([
    ['a wrong secret', `${text.slice(0, -1)}${text.endsWith('A') ? 'B' : 'A'}`],
    ['an unknown id', newApiKey('default', 'x', []).text],
    ['something else', 'Bearer'],
    ['nothing', ''],
  ])('refuses %s', async (_, wrong) => {
    expect(await verifier.verify(wrong)).toBeUndefined();
  });

  it('refuses a wrong secret of a key whose right one it has seen', async () => {
    expect(await verifier.verify(text)).toBeDefined();
    expect(await verifier.verify(`${text.slice(0, -1)}${text.endsWith('A') ? 'B' : 'A'}`)).toBeUndefined();
    expect(await verifier.verify(text)).toBeDefined();
  });

  it('looks a key up once for callers at the same time, and again when the answer is old', async () => {
    await Promise.all([verifier.verify(text), verifier.verify(text)]);
    now = 999;
    await verifier.verify(text);
    expect(lookup).toHaveBeenCalledTimes(1);
    now = 1_000;
    stored.clear();
    expect(await verifier.verify(text)).toBeUndefined();
    expect(lookup).toHaveBeenCalledTimes(2);
  });

  it('forgets a key when told', async () => {
    await verifier.verify(text);
    stored.clear();
    verifier.forget(key.id);
    expect(await verifier.verify(text)).toBeUndefined();
  });

  it('remembers no failure', async () => {
    lookup.mockRejectedValueOnce(new Error('Connection is closed.'));
    await expect(verifier.verify(text)).rejects.toThrow('Connection is closed.');
    expect(await verifier.verify(text)).toBeDefined();
  });

  it('stays within its bound', async () => {
    const others = [1, 2].map(() => newApiKey('default', 'other', []));
    for (const other of others) stored.set(other.key.id, other.key);
    for (const each of [text, others[0]!.text, others[1]!.text, text]) await verifier.verify(each);
    expect(lookup).toHaveBeenCalledTimes(4);
    await verifier.verify(others[1]!.text);
    expect(lookup).toHaveBeenCalledTimes(4);
  });
});
