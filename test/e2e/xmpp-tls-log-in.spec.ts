import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { WebSocket } from 'ws';
import { Authority, type Pair } from '../support/certificates.js';
import { Installation, type GatewayProcess } from '../support/gateway.js';
import { Rest } from '../support/rest.js';
import { ScramExchange } from '../support/scram.js';
import { secured } from '../support/tls-peer.js';
import { descendant, type Received, XmppWire } from '../support/xmpp-wire.js';

/** XMPP log-ins that rest on the TLS connection under them: client certificates (EXTERNAL), channel binding over WSS. */
const installation = new Installation();
const directory = join(installation.dataDir, 'clients');
const caFile = join(directory, 'ca.pem');
const SASL = 'urn:ietf:params:xml:ns:xmpp-sasl';

let gateway: GatewayProcess;
let rest: Rest;
let authority: Authority;
const wires: XmppWire[] = [];

beforeAll(async () => {
  mkdirSync(directory);
  authority = await Authority.create('Devices');
  writeFileSync(caFile, authority.cert);
  gateway = await installation.start('all-in-one', { CARILLON_TLS_CLIENT_CA_FILE: caFile });
  rest = new Rest(gateway.url('HTTP'), installation.adminKey);
  for (const id of ['d-1', 'd-2', 'd-3']) await rest.register(id);
});
afterEach(() => {
  for (const wire of wires.splice(0)) wire.cut();
});
afterAll(() => installation.end());

interface Stream {
  wire: XmppWire;
  features: Received;
}

async function direct(pair: Pair | undefined): Promise<Stream> {
  const wire = await XmppWire.connectTls(gateway.url('XMPP TLS'), { ...pair });
  wires.push(wire);
  return { wire, features: await wire.open('localhost') };
}

async function startTls(pair: Pair | undefined): Promise<Stream> {
  const stream = await XmppWire.secured(gateway.url('XMPP'), 'localhost', { ...pair });
  wires.push(stream.wire);
  return stream;
}

/** The texts of the stream features' `<mechanisms/>`. */
const mechanismsOf = (features: Received): string[] =>
  descendant(features, 'mechanisms')!.children.map(({ text }) => text);

/** By EXTERNAL as whom the certificate names, or as `authzid`; what the server makes of it. */
async function external({ wire }: Stream, authzid = ''): Promise<string> {
  const initial = authzid === '' ? '=' : Buffer.from(authzid).toString('base64');
  wire.send(`<auth xmlns='${SASL}' mechanism='EXTERNAL'>${initial}</auth>`);
  const answer = await wire.expect('an answer', ({ ns }) => ns === SASL);
  return answer.children[0]?.name ?? answer.name;
}

async function bind({ wire }: Stream): Promise<string> {
  await wire.open('localhost');
  const answer = await wire.ask('set', 'b', "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>");
  return descendant(answer, 'jid')!.text;
}

describe.each([
  ['direct TLS', direct],
  ['STARTTLS', startTls],
])('by client certificate over %s', (_, streamOf) => {
  it('a device logs in as its common name, and gets its pushes', async () => {
    const stream = await streamOf(await authority.issue({ commonName: 'd-1' }));
    expect(mechanismsOf(stream.features)).toContain('EXTERNAL');
    expect(await external(stream)).toBe('success');
    expect(await bind(stream)).toMatch(/^d-1@localhost\//);
    stream.wire.send('<presence/>');
    const id = await rest.send({ audience: { device: 'd-1' } });
    const isPush = ({ name, attrs }: Received) => name === 'message' && attrs['id']!.includes(id);
    expect((await stream.wire.expect('the push', isPush)).attrs['from']).toBe('default@localhost');
  });

  it('a device logs in as the account that it names, which has to be the certificate’s', async () => {
    const pair = await authority.issue({ commonName: 'd-2' });
    expect(await external(await streamOf(pair), 'd-2@localhost')).toBe('success');
    expect(await external(await streamOf(pair), 'd-1@localhost')).not.toBe('success');
  });

  it.each([
    ['a device that nobody knows', 'nobody'],
    ['a name that is no device’s', 'd/#'],
  ])('is refused: %s', async (_what, commonName) => {
    expect(await external(await streamOf(await authority.issue({ commonName })))).toBe('not-authorized');
  });

  it('a device that was deleted is no more let in', async () => {
    const pair = await authority.issue({ commonName: 'd-3' });
    await rest.delete('/v1/devices/d-3');
    expect(await external(await streamOf(pair))).toBe('not-authorized');
    await rest.register('d-3');
  });

  it('without a certificate, or with a stranger’s, it is not offered; passwords are', async () => {
    const stranger = await Authority.create('Strangers');
    const forger = await Authority.create('Devices');
    const pairs = [
      undefined,
      await stranger.issue({ commonName: 'd-1' }),
      await forger.issue({ commonName: 'd-1' }),
    ];
    for (const pair of pairs) {
      const stream = await streamOf(pair);
      expect(mechanismsOf(stream.features)).not.toContain('EXTERNAL');
      expect(mechanismsOf(stream.features)).toContain('PLAIN');
      expect(await external(stream)).toBe('invalid-mechanism');
    }
  });
});

it('EXTERNAL is not offered without an authority', async () => {
  const edge = await installation.start('edge');
  const wire = await XmppWire.connectTls(edge.url('XMPP TLS'), {
    ...(await authority.issue({ commonName: 'd-1' })),
  });
  wires.push(wire);
  expect(mechanismsOf(await wire.open('localhost'))).not.toContain('EXTERNAL');
});

describe('SCRAM-SHA-256-PLUS over WSS', () => {
  const socket = async (): Promise<{ webSocket: WebSocket; tls: TLSSocket; hear: () => Promise<string> }> => {
    const tls = await secured(gateway.url('HTTP').replace('http:', 'https:'));
    const webSocket = new WebSocket('ws://localhost/xmpp-websocket', ['xmpp'], {
      createConnection: () => tls,
    });
    const frames: string[] = [];
    const waiting: ((frame: string) => void)[] = [];
    webSocket.on('message', (data: Buffer) => {
      const take = waiting.shift();
      if (take) take(data.toString());
      else frames.push(data.toString());
    });
    await new Promise((resolve) => webSocket.once('open', resolve));
    const hear = (): Promise<string> =>
      new Promise((resolve) => {
        const frame = frames.shift();
        if (frame === undefined) waiting.push(resolve);
        else resolve(frame);
      });
    return { webSocket, tls, hear };
  };
  const attempt = async (password: string, boundTo: (tls: TLSSocket) => TLSSocket): Promise<string> => {
    const { webSocket, tls, hear } = await socket();
    webSocket.send("<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='localhost' version='1.0'/>");
    await hear();
    expect(await hear()).toContain('<mechanism>SCRAM-SHA-256-PLUS</mechanism>');
    const data = boundTo(tls).exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0));
    const exchange = new ScramExchange('d-9', password, { header: 'p=tls-exporter,,', data });
    webSocket.send(
      `<auth xmlns='${SASL}' mechanism='SCRAM-SHA-256-PLUS'>${exchange.first.toString('base64')}</auth>`,
    );
    const challenge = />([^<]+)<\/challenge>/.exec(await hear())![1]!;
    const answer = exchange.answer(Buffer.from(challenge, 'base64').toString());
    webSocket.send(`<response xmlns='${SASL}'>${answer.toString('base64')}</response>`);
    const outcome = await hear();
    webSocket.terminate();
    return /^<(success|failure)/.exec(outcome)![1]!;
  };

  it('binds to the TLS connection under the WebSocket, and to no other', async () => {
    const token = await rest.register('d-9');
    expect(await attempt(token, (tls) => tls)).toBe('success');
    const other = await secured(gateway.url('XMPP TLS'));
    expect(await attempt(token, () => other)).toBe('failure');
    other.destroy();
  });
});
