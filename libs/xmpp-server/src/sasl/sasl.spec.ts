/* oxlint-disable jest/expect-expect -- what a scripted client expects is an assertion too */
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { createFixture, type Fixture } from '../testing/fixture.js';
import { CLEAR, ScriptedClient } from '../testing/scripted-client.js';
import { NS } from '../stream/namespaces.js';

const b64 = (text: string): string => Buffer.from(text).toString('base64');
const unb64 = (xml: string): string => Buffer.from(/>([^<]*)</.exec(xml)?.[1] ?? '', 'base64').toString();
const auth = (mechanism: string, data: string): string =>
  `<auth xmlns='${NS.sasl}' mechanism='${mechanism}'>${data}</auth>`;
const response = (data: string): string => `<response xmlns='${NS.sasl}'>${data}</response>`;
const failure = (condition: string): string => `<failure xmlns='${NS.sasl}'><${condition}/></failure>`;

describe('SASL (RFC 6120 §6)', () => {
  let fixture: Fixture;
  let client: ScriptedClient;

  const start = async (
    options: Parameters<typeof createFixture>[0] = {},
    peer?: typeof CLEAR,
  ): Promise<void> => {
    fixture = createFixture(options);
    client = ScriptedClient.attachedTo(fixture.server, peer);
    await client.open();
  };
  afterEach(() => fixture.server.stop('system-shutdown', 100));

  describe('PLAIN', () => {
    const token = "dev1's token";
    const accepted: [string, string][] = [
      ['without an authzid', `\0dev1\0${token}`],
      ['with the own bare JID as authzid', `dev1@example.org\0dev1\0${token}`],
      ['with the own name as authzid', `dev1\0dev1\0${token}`],
      ['with the name in another case', `\0DEV1\0${token}`],
    ];
    it.each(accepted)('accepts a user %s', async (_name, message) => {
      await start();
      client.send(auth('PLAIN', b64(message)));
      await client.expect(`<success xmlns='${NS.sasl}'/>`);
    });

    const refused: [string, string, string][] = [
      ['a wrong password', b64('\0dev1\0no'), 'not-authorized'],
      ['an unknown user', b64('\0nobody\0no'), 'not-authorized'],
      ['a name that cannot be', b64('\0de v1\0no'), 'not-authorized'],
      ["another user's authzid", b64(`dev2@example.org\0dev1\0${token}`), 'invalid-authzid'],
      ["another domain's authzid", b64(`dev1@example.com\0dev1\0${token}`), 'invalid-authzid'],
      ['too few parts', b64('dev1'), 'malformed-request'],
      ['too many parts', b64(`\0dev1\0${token}\0`), 'malformed-request'],
      ['an empty password', b64('\0dev1\0'), 'malformed-request'],
      ['bytes that are no UTF-8', Buffer.from([0, 0xff, 0, 0x61]).toString('base64'), 'malformed-request'],
      ['an empty initial response', '=', 'malformed-request'],
      ['what is no base64', '!!!!', 'incorrect-encoding'],
      ['base64 cut short', 'AGRldjE', 'incorrect-encoding'],
    ];
    it.each(refused)('refuses %s', async (_name, data, condition) => {
      await start();
      client.send(auth('PLAIN', data));
      await client.expect(failure(condition));
    });

    it('asks for the response when it does not come with the request', async () => {
      await start();
      client.send(`<auth xmlns='${NS.sasl}' mechanism='PLAIN'/>`);
      await client.expect(`<challenge xmlns='${NS.sasl}'></challenge>`);
      client.send(response(b64(`\0dev1\0${token}`)));
      await client.expect(/^<success/);
    });

    it('is not offered nor taken in the clear where encryption is required', async () => {
      await start({ secureContext: {} as never }, CLEAR);
      client.send(auth('PLAIN', b64(`\0dev1\0${token}`)));
      await client.expect(failure('encryption-required'));
    });

    it('is taken in the clear where encryption is optional or off', async () => {
      await start({ tls: 'off' }, CLEAR);
      client.send(auth('PLAIN', b64(`\0dev1\0${token}`)));
      await client.expect(/^<success/);
    });

    const outcomes = ['account-disabled', 'temporary-auth-failure'] as const;
    it.each(outcomes)('passes on %s', async (reason) => {
      await start({ hooks: { authenticate: async () => ({ ok: false, reason }) } });
      client.send(auth('PLAIN', b64(`\0dev1\0${token}`)));
      await client.expect(failure(reason));
    });

    it('ends the stream with internal-server-error when the hook fails, and says so in the log', async () => {
      await start({ hooks: { authenticate: () => Promise.reject(new Error('broken')) } });
      client.send(auth('PLAIN', b64(`\0dev1\0${token}`)));
      await client.expectStreamError('internal-server-error');
      expect(fixture.errors).toHaveLength(1);
    });
  });

  describe('SCRAM (RFC 5802)', () => {
    const hashes = { 'SCRAM-SHA-1': ['sha1', 20], 'SCRAM-SHA-256': ['sha256', 32] } as const;
    type Mechanism = keyof typeof hashes;

    interface Proof {
      final: string;
      signature: string;
    }

    const prove = (
      mechanism: Mechanism,
      password: string,
      bare: string,
      serverFirst: string,
      gs2 = 'n,,',
    ): Proof => {
      const [hash, length] = hashes[mechanism];
      const [, nonce, salt, iterations] = /^r=(.*),s=(.*),i=(\d+)$/.exec(serverFirst)!;
      const salted = pbkdf2Sync(password, Buffer.from(salt!, 'base64'), Number(iterations), length, hash);
      const hmac = (key: Buffer, text: string): Buffer => createHmac(hash, key).update(text).digest();
      const clientKey = hmac(salted, 'Client Key');
      const storedKey = createHash(hash).update(clientKey).digest();
      const withoutProof = `c=${b64(gs2)},r=${nonce}`;
      const message = `${bare},${serverFirst},${withoutProof}`;
      const signature = hmac(storedKey, message);
      const proof = clientKey.map((byte, i) => byte ^ signature[i]!);
      return {
        final: `${withoutProof},p=${Buffer.from(proof).toString('base64')}`,
        signature: hmac(hmac(salted, 'Server Key'), message).toString('base64'),
      };
    };

    it.each(['SCRAM-SHA-1', 'SCRAM-SHA-256'] as const)('%s proves both sides', async (mechanism) => {
      await start();
      client.send(auth(mechanism, b64('n,,n=dev1,r=abc')));
      const first = unb64(await client.next());
      expect(first).toMatch(/^r=abc.{24},s=.*,i=4096$/);
      const { final, signature } = prove(mechanism, "dev1's token", 'n=dev1,r=abc', first);
      client.send(response(b64(final)));
      expect(unb64(await client.next())).toBe(`v=${signature}`);
    });

    it('takes a client that would do channel binding but saw none, and an authzid of its own', async () => {
      await start();
      client.send(auth('SCRAM-SHA-256', b64('y,a=dev1@example.org,n=dev1,r=abc')));
      const first = unb64(await client.next());
      const gs2 = 'y,a=dev1@example.org,';
      client.send(response(b64(prove('SCRAM-SHA-256', "dev1's token", 'n=dev1,r=abc', first, gs2).final)));
      await client.expect(/^<success/);
    });

    it('fails for a wrong password and for an unknown user in the same way', async () => {
      const attempt = async (user: string): Promise<[string, string]> => {
        await start();
        client.send(auth('SCRAM-SHA-256', b64(`n,,n=${user},r=abc`)));
        const first = unb64(await client.next());
        client.send(response(b64(prove('SCRAM-SHA-256', 'wrong', `n=${user},r=abc`, first).final)));
        return [first.replace(/^r=[^,]*/, ''), await client.next()];
      };
      const known = await attempt('dev1');
      const unknown = await attempt('nobody');
      expect(known[1]).toBe(failure('not-authorized'));
      expect(unknown[1]).toBe(known[1]);
      expect(unknown[0]).toMatch(/^,s=.{22}==,i=4096$/);
    });

    it('shows an unknown user the same salt each time', async () => {
      await start();
      const salt = async (): Promise<string> => {
        client.send(auth('SCRAM-SHA-1', b64('n,,n=nobody,r=abc')));
        return /s=([^,]*)/.exec(unb64(await client.next()))![1]!;
      };
      expect(await salt()).toBe(await salt());
    });

    it('says temporary-auth-failure while credentials cannot be had', async () => {
      await start({ hooks: { scramCredentials: async () => 'unavailable' } });
      client.send(auth('SCRAM-SHA-256', b64('n,,n=dev1,r=abc')));
      await client.expect(failure('temporary-auth-failure'));
    });

    const firsts: [string, string, string][] = [
      ['channel binding that was not offered', 'p=tls-exporter,,n=dev1,r=abc', 'malformed-request'],
      ['a mandatory extension', 'n,,m=x,n=dev1,r=abc', 'malformed-request'],
      ['a foreign authzid', 'n,a=dev2@example.org,n=dev1,r=abc', 'invalid-authzid'],
      ['a name with a bad escape', 'n,,n=de=v1,r=abc', 'malformed-request'],
      ['no nonce', 'n,,n=dev1,r=', 'malformed-request'],
      ['no name', 'n,,n=,r=abc', 'malformed-request'],
      ['nonsense', 'hello', 'malformed-request'],
    ];
    it.each(firsts)('refuses %s', async (_name, message, condition) => {
      await start();
      client.send(auth('SCRAM-SHA-256', b64(message)));
      await client.expect(failure(condition));
    });

    const finals: [string, (final: string) => string, string][] = [
      ['another nonce', (final) => final.replace('r=abc', 'r=abd'), 'not-authorized'],
      [
        'another channel binding',
        (final) => final.replace(/c=[^,]*/, `c=${b64('y,,')}`),
        'malformed-request',
      ],
      ['a proof of another length', (final) => final.replace(/p=.*/, 'p=AAAA'), 'not-authorized'],
      ['a proof that is no base64', (final) => final.replace(/p=.*/, 'p=!'), 'malformed-request'],
      ['no proof', (final) => final.replace(/,p=.*/, ''), 'malformed-request'],
    ];
    it.each(finals)('refuses %s at the end', async (_name, tamper, condition) => {
      await start();
      client.send(auth('SCRAM-SHA-256', b64('n,,n=dev1,r=abc')));
      const first = unb64(await client.next());
      const { final } = prove('SCRAM-SHA-256', "dev1's token", 'n=dev1,r=abc', first);
      client.send(response(b64(tamper(final))));
      await client.expect(failure(condition));
    });
  });

  it('offers no SCRAM when there are no keys for it', async () => {
    fixture = createFixture({ hooks: { scramCredentials: undefined } });
    client = ScriptedClient.attachedTo(fixture.server);
    expect(await client.open()).toContain("'><mechanism>PLAIN</mechanism></mechanisms>");
    client.send(auth('SCRAM-SHA-1', b64('n,,n=dev1,r=abc')));
    await client.expect(failure('invalid-mechanism'));
  });

  it('refuses mechanisms that it does not have', async () => {
    await start();
    client.send(auth('DIGEST-MD5', ''));
    await client.expect(failure('invalid-mechanism'));
  });

  it('lets an exchange be given up, and a new one begin', async () => {
    await start();
    client.send(auth('SCRAM-SHA-1', b64('n,,n=dev1,r=abc')));
    await client.expect(/^<challenge/);
    client.send(`<abort xmlns='${NS.sasl}'/>`);
    await client.expect(failure('aborted'));
    client.send(auth('PLAIN', b64("\0dev1\0dev1's token")));
    await client.expect(/^<success/);
  });

  it('refuses a response to nothing', async () => {
    await start();
    client.send(response(b64('n,,n=dev1,r=abc')));
    await client.expect(failure('malformed-request'));
  });

  it('ends the stream after five failures', async () => {
    await start();
    for (let i = 0; i < 5; i++) {
      client.send(auth('PLAIN', b64('\0dev1\0no')));
      await client.expect(failure('not-authorized'));
    }
    await client.expectStreamError('policy-violation');
  });

  it('looks at nothing from an address with very many failures before it has waited', async () => {
    const asked: string[] = [];
    await start({
      limits: { saslAttempts: 100 },
      hooks: {
        authenticate: async ({ username }) => {
          asked.push(username);
          return { ok: false, reason: 'not-authorized' };
        },
      },
    });
    const all = Array.from({ length: 45 }, () => ScriptedClient.attachedTo(fixture.server));
    await Promise.all(all.map((each) => each.open()));
    for (const each of all) each.send(auth('PLAIN', b64('\0dev1\0no')));
    await all[0]!.expect(failure('not-authorized'));
    expect(asked.length).toBe(45);
    client.send(auth('PLAIN', b64("\0dev2\0dev2's token")));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(asked).not.toContain('dev2');
  });

  it('makes an address wait that fails again and again, and others not', async () => {
    await start({ limits: { saslAttempts: 100 } });
    const attempt = async (times: number): Promise<number> => {
      const begun = Date.now();
      client.send(auth('PLAIN', b64('\0dev1\0no')).repeat(times));
      for (let i = 0; i < times; i++) await client.expect(failure('not-authorized'));
      return Date.now() - begun;
    };
    expect(await attempt(5)).toBeLessThan(150);
    expect(await attempt(1)).toBeGreaterThan(150);
    client.send(auth('PLAIN', b64("\0dev1\0dev1's token")));
    await client.expect(/^<success/);
  });

  it('answers pipelined requests in order', async () => {
    await start({ hooks: { authenticate: slowly } });
    client.send(auth('PLAIN', b64('\0dev1\0no')) + auth('X', '') + auth('PLAIN', b64('\0dev1\0yes')));
    await client.expect(failure('not-authorized'));
    await client.expect(failure('invalid-mechanism'));
    await client.expect(/^<success/);
  });

  it('knows no other element of its namespace, and none after success', async () => {
    await start();
    client.send(`<success xmlns='${NS.sasl}'/>`);
    await client.expectStreamError('unsupported-stanza-type');
  });
});

async function slowly({
  password,
}: {
  password: string;
}): Promise<{ ok: true; principal: null } | { ok: false; reason: 'not-authorized' }> {
  await new Promise((resolve) => setTimeout(resolve, 5));
  return password === 'yes' ? { ok: true, principal: null } : { ok: false, reason: 'not-authorized' };
}
