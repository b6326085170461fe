import { createHash, createHmac } from 'node:crypto';
import { deriveScramKeys, type ScramHash } from './scram-keys.js';

/** The example exchanges of RFC 5802 §5 and RFC 7677 §3: user "user", password "pencil". */
const EXCHANGES = [
  {
    rfc: 'RFC 5802 §5',
    hash: 'sha1' as ScramHash,
    salt: 'QSXCR+Q6sek8bf92',
    authMessage:
      'n=user,r=fyko+d2lbbFgONRv9qkxdawL,' +
      'r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096,' +
      'c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j',
    proof: 'v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=',
    signature: 'rmF9pqV8S7suAoZWja4dJRkFsKQ=',
  },
  {
    rfc: 'RFC 7677 §3',
    hash: 'sha256' as ScramHash,
    salt: 'W22ZaJ0SNY7soEsUEjb6gQ==',
    authMessage:
      'n=user,r=rOprNGfwEbeRWgbNEkqO,' +
      'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,' +
      'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0',
    proof: 'dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
    signature: '6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
  },
];

describe('deriveScramKeys', () => {
  it.each(EXCHANGES)('checks the proof and gives the signature of $rfc', async (exchange) => {
    const { hash, salt, authMessage, proof, signature } = exchange;
    const keys = await deriveScramKeys(hash, 'pencil', Buffer.from(salt, 'base64'), 4096);
    const storedKey = Buffer.from(keys.storedKey, 'base64');
    const clientSignature = createHmac(hash, storedKey).update(authMessage).digest();
    const clientKey = Buffer.from(proof, 'base64').map((byte, i) => byte ^ clientSignature[i]!);
    expect(createHash(hash).update(clientKey).digest()).toEqual(storedKey);
    const serverKey = Buffer.from(keys.serverKey, 'base64');
    expect(createHmac(hash, serverKey).update(authMessage).digest('base64')).toBe(signature);
  });

  it('takes a salt of 16 random bytes and 4096 rounds unless told otherwise', async () => {
    const [one, other] = await Promise.all([deriveScramKeys('sha1', 'x'), deriveScramKeys('sha1', 'x')]);
    expect(Buffer.from(one.salt, 'base64')).toHaveLength(16);
    expect(one.iterations).toBe(4096);
    expect(one.salt).not.toBe(other.salt);
    expect(one.storedKey).not.toBe(other.storedKey);
  });
});
