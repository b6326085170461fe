import { createHash, createHmac, pbkdf2Sync, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import {
  createServer as createTcpServer,
  connect as connectTcp,
  type AddressInfo,
  type Server,
} from 'node:net';
import { connect, createSecureContext, createServer, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { AUTHORITY, DEVICE, NAMELESS, STRANGER } from '../testing/certificates.js';
import { createFixture, type Fixture, type FixtureOptions } from '../testing/fixture.js';
import { ScriptedClient } from '../testing/scripted-client.js';
import { NS } from '../stream/namespaces.js';

const SERVER = AUTHORITY;
const b64 = (data: string | Buffer) => Buffer.from(data as string).toString('base64');

/** Log-ins that need a real TLS connection under them. */
describe('log-in over TLS', () => {
  let fixture: Fixture;
  let listeners: Server[] = [];
  let sockets: TLSSocket[] = [];
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    for (const listener of listeners) listener.close();
    listeners = [];
    sockets = [];
    await fixture.server.stop('system-shutdown', 100);
  });

  const listen = async (listener: Server): Promise<number> => {
    listeners.push(listener.listen(0, '127.0.0.1'));
    await once(listener, 'listening');
    return (listener.address() as AddressInfo).port;
  };
  const trusting = { ...SERVER, ca: AUTHORITY.cert, requestCert: true, rejectUnauthorized: false };

  const overTls = async (options: FixtureOptions, client: ConnectionOptions = {}): Promise<TLSSocket> => {
    fixture = createFixture(options);
    const port = await listen(
      createServer(trusting, (socket) => {
        const certificate = socket.authorized ? socket.getPeerX509Certificate() : undefined;
        fixture.server.attach(socket, { address: '127.0.0.1', secure: true, transport: 'tls', certificate });
      }),
    );
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...client });
    sockets.push(socket);
    await once(socket, 'secureConnect');
    return socket;
  };
  const overStartTls = async (
    options: FixtureOptions,
    client: ConnectionOptions = {},
  ): Promise<TLSSocket> => {
    fixture = createFixture({
      ...options,
      secureContext: createSecureContext({ ...SERVER, ca: AUTHORITY.cert }),
    });
    const port = await listen(
      createTcpServer((socket) =>
        fixture.server.attach(socket, { address: '127.0.0.1', secure: false, transport: 'tcp' }),
      ),
    );
    const raw = connectTcp({ port, host: '127.0.0.1' });
    const clear = new ScriptedClient(raw);
    await clear.open();
    clear.send(`<starttls xmlns='${NS.tls}'/>`);
    await clear.expect(`<proceed xmlns='${NS.tls}'/>`);
    raw.removeAllListeners('data');
    const socket = connect({ socket: raw, rejectUnauthorized: false, ...client });
    sockets.push(socket);
    await once(socket, 'secureConnect');
    return socket;
  };
  const WAYS = { 'direct TLS': overTls, STARTTLS: overStartTls };

  describe('SCRAM with channel binding', () => {
    /** What a client of RFC 5802 does, with whatever it is told to bind to. */
    const scramPlus = async (
      socket: TLSSocket,
      gs2: string,
      data: Buffer,
      mechanism = 'SCRAM-SHA-256-PLUS',
    ) => {
      const client = new ScriptedClient(socket);
      const features = await client.open();
      const digest = mechanism.startsWith('SCRAM-SHA-1-') ? 'sha1' : 'sha256';
      const bare = 'n=dev1,r=abc';
      client.send(`<auth xmlns='${NS.sasl}' mechanism='${mechanism}'>${b64(gs2 + bare)}</auth>`);
      const challenge = await client.nextElement();
      if (challenge.name !== 'challenge') return { client, features, answer: challenge };
      const first = Buffer.from(challenge.text, 'base64').toString();
      const [, nonce, salt] = /^r=([^,]*),s=([^,]*),i=4096$/.exec(first)!;
      const salted = pbkdf2Sync(
        "dev1's token",
        Buffer.from(salt!, 'base64'),
        4096,
        digest === 'sha1' ? 20 : 32,
        digest,
      );
      const clientKey = createHmac(digest, salted).update('Client Key').digest();
      const final = `c=${b64(Buffer.concat([Buffer.from(gs2), data]))},r=${nonce}`;
      const storedKey = createHash(digest).update(clientKey).digest();
      const signature = createHmac(digest, storedKey).update(`${bare},${first},${final}`).digest();
      const proof = b64(Buffer.from(clientKey.map((byte, i) => byte ^ signature[i]!)));
      client.send(`<response xmlns='${NS.sasl}'>${b64(`${final},p=${proof}`)}</response>`);
      return { client, features, answer: await client.nextElement() };
    };
    const exporter = (socket: TLSSocket) =>
      socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0));
    const endPoint = () => createHash('sha256').update(new X509Certificate(SERVER.cert).raw).digest();

    it.each(Object.entries(WAYS))('binds to tls-exporter over %s with TLS 1.3', async (_name, way) => {
      const socket = await way({});
      const { features, answer } = await scramPlus(socket, 'p=tls-exporter,,', exporter(socket));
      expect(answer.is('success', NS.sasl)).toBe(true);
      expect(features).toContain(
        "<sasl-channel-binding xmlns='urn:xmpp:sasl-cb:0'><channel-binding type='tls-exporter'/>" +
          "<channel-binding type='tls-server-end-point'/></sasl-channel-binding>",
      );
      expect(features).toContain(
        '<mechanism>SCRAM-SHA-256-PLUS</mechanism><mechanism>SCRAM-SHA-256</mechanism>',
      );
    });

    it.each(['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-1-PLUS'])(
      'binds to tls-server-end-point by %s',
      async (mechanism) => {
        const socket = await overTls({});
        const { answer } = await scramPlus(socket, 'p=tls-server-end-point,,', endPoint(), mechanism);
        expect(answer.name).toBe('success');
      },
    );

    it('binds to tls-unique with TLS 1.2, where there is no exporter to bind to', async () => {
      const socket = await overTls({}, { maxVersion: 'TLSv1.2' });
      const { features, answer } = await scramPlus(socket, 'p=tls-unique,,', socket.getFinished()!);
      expect(answer.name).toBe('success');
      expect(features).not.toContain('tls-exporter');
    });

    it.each([
      ['another connection', 'p=tls-exporter,,', Buffer.alloc(32), 'not-authorized'],
      ['a binding that there is not', 'p=tls-unique,,', Buffer.alloc(12), 'malformed-request'],
      ['a binding that is none', 'p=foo,,', Buffer.alloc(12), 'malformed-request'],
    ])('refuses a client bound to %s', async (_name, gs2, data, condition) => {
      const { answer } = await scramPlus(await overTls({}), gs2, data);
      expect(answer.toString()).toBe(`<failure xmlns='${NS.sasl}'><${condition}/></failure>`);
    });

    it('refuses a client that was made to believe that the server cannot bind', async () => {
      const { answer } = await scramPlus(await overTls({}), 'y,,', Buffer.alloc(0), 'SCRAM-SHA-256');
      expect(answer.toString()).toContain('<mechanism-too-weak/>');
    });

    it('takes a client that cannot bind', async () => {
      const { answer } = await scramPlus(await overTls({}), 'n,,', Buffer.alloc(0), 'SCRAM-SHA-256');
      expect(answer.name).toBe('success');
    });

    it.each([
      ['-PLUS without a binding', 'n,,', 'SCRAM-SHA-256-PLUS'],
      ['a binding without -PLUS', 'p=tls-exporter,,', 'SCRAM-SHA-256'],
    ])('refuses %s as malformed', async (_name, gs2, mechanism) => {
      const { answer } = await scramPlus(await overTls({}), gs2, Buffer.alloc(0), mechanism);
      expect(answer.toString()).toContain('<malformed-request/>');
    });
  });

  describe('EXTERNAL (XEP-0178)', () => {
    const asked: { accounts: string[]; username: string | undefined; subject: string }[] = [];
    const hooks: FixtureOptions['hooks'] = {
      authenticateCertificate: async ({ accounts, username, certificate }) => {
        asked.push({ accounts, username, subject: certificate.subject });
        return username === undefined
          ? { ok: false, reason: 'not-authorized' }
          : { ok: true, username, principal: username };
      },
    };
    beforeEach(() => void asked.splice(0));

    const external = async (socket: TLSSocket, authzid: string) => {
      const client = new ScriptedClient(socket);
      const features = await client.open();
      client.send(
        `<auth xmlns='${NS.sasl}' mechanism='EXTERNAL'>${authzid === '' ? '=' : b64(authzid)}</auth>`,
      );
      return { client, features, answer: (await client.nextElement()).toString() };
    };
    const SUCCESS = `<success xmlns='${NS.sasl}'/>`;
    const failed = (condition: string) => `<failure xmlns='${NS.sasl}'><${condition}/></failure>`;

    it.each(Object.entries(WAYS))(
      'takes the account that the certificate names over %s',
      async (_name, way) => {
        const { client, features, answer } = await external(await way({ hooks }, DEVICE), '');
        expect(features).toContain('<mechanism>EXTERNAL</mechanism>');
        expect(answer).toBe(SUCCESS);
        expect(asked).toEqual([{ accounts: ['dev1'], username: 'dev1', subject: 'CN=device' }]);
        await client.open();
        await client.bind('phone');
        expect(fixture.events).toEqual(['bound dev1/phone']);
      },
    );

    it('takes an authzid that the certificate names, and no other', async () => {
      expect((await external(await overTls({ hooks }, DEVICE), 'dev1@example.org')).answer).toBe(SUCCESS);
      for (const other of [
        'dev2@example.org',
        'dev1@example.com',
        'dev1@example.org/r',
        'example.org',
        '@',
      ]) {
        const { answer } = await external(await overTls({ hooks }, DEVICE), other);
        expect([other, answer]).toEqual([other, failed('invalid-authzid')]);
      }
    });

    it('leaves it to the owner whom a certificate without names stands for', async () => {
      expect((await external(await overTls({ hooks }, NAMELESS), 'dev2@example.org')).answer).toBe(SUCCESS);
      expect((await external(await overTls({ hooks }, NAMELESS), '')).answer).toBe(failed('not-authorized'));
      expect(asked.map(({ accounts, username }) => [accounts, username])).toEqual([
        [[], 'dev2'],
        [[], undefined],
      ]);
    });

    it.each(Object.entries(WAYS))('is not offered without a certificate over %s', async (_name, way) => {
      const { features, answer } = await external(await way({ hooks }), '');
      expect(features).not.toContain('EXTERNAL');
      expect(answer).toBe(failed('invalid-mechanism'));
    });

    it.each(Object.entries(WAYS))(
      'is not offered for a certificate that nobody vouches for over %s',
      async (_name, way) => {
        const { features } = await external(await way({ hooks }, STRANGER), '');
        expect(features).not.toContain('EXTERNAL');
        expect(asked).toEqual([]);
      },
    );

    it('is not offered where nobody can tell whom a certificate stands for', async () => {
      const { features } = await external(await overTls({}, DEVICE), '');
      expect(features).not.toContain('EXTERNAL');
    });
  });
});
