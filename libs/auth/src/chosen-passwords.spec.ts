import { CHOSEN_ITERATIONS, ChosenPasswords, isChosen } from './chosen-passwords.js';
import { deriveCredentials, verifyToken } from './device-credentials.js';
import { deriveScramKeys } from './scram-keys.js';
import { newToken } from './secrets.js';

const PASSWORD = 'correct horse battery';

describe('a password that a client chose', () => {
  const passwords = new ChosenPasswords();

  it('is right, and no other is', async () => {
    const credentials = await passwords.derive(PASSWORD);
    for (let round = 0; round < 2; round++) {
      expect(await passwords.verify(credentials, PASSWORD)).toBe(true);
      for (const wrong of ['', 'x', `${PASSWORD} `, PASSWORD.toUpperCase(), credentials.tokenHash])
        expect(await passwords.verify(credentials, wrong)).toBe(false);
    }
  });

  it('is not known again once it was changed', async () => {
    const before = await passwords.derive(PASSWORD);
    const after = await passwords.derive('another password');
    expect(await passwords.verify(before, PASSWORD)).toBe(true);
    expect(await passwords.verify(after, PASSWORD)).toBe(false);
  });

  it('is kept as slow hashes alone, which serve SCRAM too', async () => {
    const credentials = await passwords.derive(PASSWORD);
    expect(isChosen(credentials)).toBe(true);
    expect(JSON.stringify(credentials)).not.toContain(PASSWORD);
    for (const hash of ['sha1', 'sha256'] as const) {
      const keys = hash === 'sha1' ? credentials.scramSha1 : credentials.scramSha256;
      const salt = Buffer.from(keys.salt, 'base64');
      expect(keys).toEqual(await deriveScramKeys(hash, PASSWORD, salt, CHOSEN_ITERATIONS));
    }
    // What is checked fast must not say that it is one.
    expect(verifyToken(credentials, PASSWORD)).toBe(false);
    expect(isChosen(await deriveCredentials(newToken()))).toBe(false);
  });

  it('is checked by slow work once, and then known', async () => {
    const credentials = await passwords.derive(PASSWORD);
    const fresh = new ChosenPasswords({ atOnce: 0, waiting: 0 });
    await expect(fresh.verify(credentials, PASSWORD)).rejects.toMatchObject({ code: 'unavailable' });
    const busy = new ChosenPasswords({ atOnce: 1, waiting: 0 });
    expect(await busy.verify(credentials, PASSWORD)).toBe(true);
    // Of what has to be reckoned it would refuse the second at once.
    const known = Array.from({ length: 100 }, () => busy.verify(credentials, PASSWORD));
    expect(await Promise.all(known)).toEqual(known.map(() => true));
  });

  it('forgets the oldest beyond its bound', async () => {
    const few = new ChosenPasswords({ remembered: 1, atOnce: 1, waiting: 1 });
    const [first, second] = [await few.derive(PASSWORD), await few.derive(PASSWORD)];
    for (const each of [first, second, first]) expect(await few.verify(each, PASSWORD)).toBe(true);
  });
});

describe('slow work', () => {
  it('waits its turn, and is refused when too much of it waits', async () => {
    const passwords = new ChosenPasswords({ atOnce: 1, waiting: 2 });
    const attempts = Array.from({ length: 4 }, () => passwords.derive(PASSWORD));
    const settled = await Promise.allSettled(attempts);
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected']);
    await expect(passwords.derive(PASSWORD)).resolves.toBeDefined();
  });

  it('can be pretended, for about as long', async () => {
    const slept: number[] = [];
    const passwords = new ChosenPasswords({}, async (ms) => void slept.push(ms));
    const credentials = await passwords.derive(PASSWORD);
    const begun = performance.now();
    await passwords.verify(credentials, 'a wrong one');
    const took = performance.now() - begun;
    await passwords.pretend();
    expect(slept[0]).toBeGreaterThan(1);
    expect(slept[0]).toBeLessThan(took * 1.2);
  });
});
