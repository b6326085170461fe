import { deriveCredentials, verifyToken } from './device-credentials.js';
import { hashSecret, matchesHash, newToken } from './secrets.js';

describe('device credentials', () => {
  it('accept the token that they were made from, and no other', async () => {
    const token = newToken();
    const credentials = await deriveCredentials(token);
    expect(verifyToken(credentials, token)).toBe(true);
    for (const wrong of ['', `${token}x`, token.slice(1), newToken()]) {
      expect(verifyToken(credentials, wrong)).toBe(false);
    }
  });

  it('do not hold the token', async () => {
    const token = newToken();
    expect(JSON.stringify(await deriveCredentials(token))).not.toContain(token);
  });
});

describe('secrets', () => {
  it('are 256 bits in base64url, each time others', () => {
    expect(newToken()).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(newToken()).not.toBe(newToken());
  });

  it('hash as SHA-256 does (FIPS 180-2, "abc")', () => {
    expect(hashSecret('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });

  it.each(['', 'ab', 'zz', hashSecret('a').slice(2)])('match no hash of another length: %j', (stored) => {
    expect(matchesHash('a', stored)).toBe(false);
  });
});
