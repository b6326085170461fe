import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { ChannelBindings } from './channel-binding.js';
import { ScramExchange } from './scram.js';

/** RFC 7677 §3, with the server's part of the nonce cut out: that one is random here, so the keys are what is compared. */
describe('SCRAM-SHA-256 keys of RFC 7677', () => {
  it('verify the example of the RFC', async () => {
    const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');
    const salted = pbkdf2Sync('pencil', salt, 4096, 32, 'sha256');
    const hmac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
    const clientKey = hmac(salted, 'Client Key');
    const storedKey = createHash('sha256').update(clientKey).digest();
    const serverKey = hmac(salted, 'Server Key');
    const message =
      'n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,' +
      's=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0';
    expect(hmac(serverKey, message).toString('base64')).toBe('6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=');

    const exchange = new ScramExchange({
      domain: 'example.org',
      plus: false,
      bindings: new ChannelBindings(undefined),
      mechanism: 'SCRAM-SHA-256',
      decoySecret: Buffer.alloc(32),
      decoyIterations: () => 4096,
      lookup: async () => ({ salt, iterations: 4096, storedKey, serverKey, principal: 'p' }),
    });
    const first = await exchange.respond(Buffer.from('n,,n=user,r=rOprNGfwEbeRWgbNEkqO'));
    const challenge = first.kind === 'challenge' ? first.data : '';
    const nonce = /^r=([^,]*)/.exec(challenge)![1];
    const transcript = `n=user,r=rOprNGfwEbeRWgbNEkqO,${challenge},c=biws,r=${nonce}`;
    const signature = hmac(storedKey, transcript);
    const proof = Buffer.from(clientKey.map((byte, i) => byte ^ signature[i]!)).toString('base64');
    expect(await exchange.respond(Buffer.from(`c=biws,r=${nonce},p=${proof}`))).toEqual({
      kind: 'success',
      username: 'user',
      principal: 'p',
      data: `v=${hmac(serverKey, transcript).toString('base64')}`,
    });
  });
});
