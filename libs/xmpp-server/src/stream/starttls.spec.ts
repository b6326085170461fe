/* oxlint-disable jest/expect-expect -- what a scripted client expects is an assertion too */
import { connect, createSecureContext } from 'node:tls';
import { generate } from 'selfsigned';
import { createFixture, type Fixture } from '../testing/fixture.js';
import { CLEAR, HEADER, ScriptedClient } from '../testing/scripted-client.js';
import { duplexPair } from '../testing/duplex-pair.js';
import { NS } from './namespaces.js';

const STARTTLS = `<starttls xmlns='${NS.tls}'/>`;
const PROCEED = `<proceed xmlns='${NS.tls}'/>`;

describe('STARTTLS (RFC 6120 §5)', () => {
  let secureContext: ReturnType<typeof createSecureContext>;
  let fixture: Fixture;

  beforeAll(async () => {
    const { private: key, cert } = await generate([{ name: 'commonName', value: 'example.org' }]);
    secureContext = createSecureContext({ key, cert });
  });
  afterEach(() => fixture.server.stop('system-shutdown', 100));

  const attach = (options: Parameters<typeof createFixture>[0]): ScriptedClient => {
    fixture = createFixture(options);
    return ScriptedClient.attachedTo(fixture.server, CLEAR);
  };

  it('offers nothing else where it is required', async () => {
    const client = attach({ secureContext });
    expect(await client.open()).toBe(
      `<stream:features><starttls xmlns='${NS.tls}'><required/></starttls></stream:features>`,
    );
  });

  it('is one choice of two where it is optional', async () => {
    const client = attach({ secureContext, tls: 'optional' });
    expect(await client.open()).toMatch(/^<stream:features><starttls xmlns='[^']*'\/><mechanisms /);
  });

  it('is not offered when off, nor within TLS', async () => {
    expect(await attach({ secureContext, tls: 'off' }).open()).not.toContain('starttls');
    const secure = ScriptedClient.attachedTo(fixture.server);
    expect(await secure.open()).not.toContain('starttls');
    secure.send(STARTTLS);
    await secure.expect(`<failure xmlns='${NS.tls}'/>`);
    await secure.expect('</stream:stream>');
    await secure.expectEnd();
  });

  const upgrade = async (
    behind = '',
    options: Parameters<typeof createFixture>[0] = {},
    headers?: string[],
  ): Promise<ScriptedClient> => {
    fixture = createFixture({ secureContext: () => secureContext, ...options });
    const [near, far] = duplexPair();
    fixture.server.attach(far, CLEAR);
    const before = new ScriptedClient(near);
    await before.open();
    before.send(STARTTLS + behind);
    await before.expect(PROCEED);
    near.removeAllListeners('data');
    near.removeAllListeners('end');
    const client = new ScriptedClient(connect({ socket: near, rejectUnauthorized: false }));
    if (headers) {
      headers.push(before.lastHeader);
      await client.open();
      headers.push(client.lastHeader);
    }
    return client;
  };

  it('goes on over TLS with a new stream, and offers STARTTLS no more', async () => {
    const client = await upgrade();
    expect(await client.open()).toMatch(/^<stream:features><mechanisms /);
  });

  it('keeps the stream id for androidpn, which remembers the first, and for nobody else', async () => {
    const ids = async (androidpn: boolean): Promise<Set<string>> => {
      const headers: string[] = [];
      await upgrade('', { androidpn }, headers);
      return new Set(headers.map((header) => / id='([^']*)'/.exec(header)![1]!));
    };
    expect((await ids(true)).size).toBe(1);
    expect((await ids(false)).size).toBe(2);
  });

  it('drops what came in the clear behind the request', async () => {
    const plain = Buffer.from("\0dev1\0dev1's token").toString('base64');
    const client = await upgrade(`${HEADER}<auth xmlns='${NS.sasl}' mechanism='PLAIN'>${plain}</auth>`);
    await client.open();
    await client.expectSilence();
  });

  it('ends a connection whose handshake fails', async () => {
    const client = attach({ secureContext, limits: { handshakeTimeoutMs: 50, sweepIntervalMs: 5 } });
    fixture.server.start();
    await client.open();
    client.send(STARTTLS);
    await client.expect(PROCEED);
    client.stream.removeAllListeners('data');
    client.stream.resume();
    client.send('this is no TLS record at all, and long enough to be seen as such');
    await client.expectEnd();
    expect(fixture.server.connectionCount).toBe(0);
  });
});
