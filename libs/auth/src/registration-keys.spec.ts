import { newRegistrationKey, opensRegistration, registrationKeyId } from './registration-keys.js';

describe('a registration key', () => {
  const { key, text } = newRegistrationKey('shop', 7);

  it('can be a label of a host name, whose case nobody keeps', () => {
    expect(text).toMatch(/^[a-z][a-z0-9-]{0,62}$/);
    expect(opensRegistration(key, text)).toBe(true);
    expect(opensRegistration(key, text.toUpperCase())).toBe(true);
    expect(registrationKeyId(text)).toBe(key.id);
  });

  it('is kept hashed', () => {
    expect(key).toMatchObject({ app: 'shop', createdAt: 7 });
    expect(JSON.stringify(key)).not.toContain(text.slice(-40));
  });

  it('opens by its own text alone', () => {
    const other = newRegistrationKey('shop', 7).text;
    const swapped = `rk-${key.id}-${other.slice(-40)}`;
    for (const wrong of ['', other, swapped, `${text}0`, text.slice(0, -1), `rk-${key.id}-`, key.secretHash])
      expect(opensRegistration(key, wrong)).toBe(false);
    expect(registrationKeyId('ck_1_2')).toBeUndefined();
  });
});
