import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import { Authority, type Pair } from '../support/certificates.js';
import { Installation, type GatewayProcess } from '../support/gateway.js';
import { Rest } from '../support/rest.js';
import { secured } from '../support/tls-peer.js';
import { until } from '../support/until.js';

/** MQTT logins by client certificate. */
const installation = new Installation({ CARILLON_LOG_LEVEL: 'debug' });
const directory = join(installation.dataDir, 'clients');
const caFile = join(directory, 'ca.pem');
const usersFile = join(directory, 'users');
const aclFile = join(directory, 'acl');
// By mosquitto_passwd 2.0.11; the password is secret1.
const BACKEND =
  'backend:$7$101$PYV5KM8BnO9DtvHC$nQuAAraGldpYNwzUSiVYzb1WA0blz5ZAiNkkmOjIAoOFQaOXT3QTVWbdZqRqYuEeEAdCyvn/twgTxf1GfHbAGA==';

let authority: Authority;
let stranger: Authority;
let gateway: GatewayProcess;
let rest: Rest;
const clients: MqttClient[] = [];

const environment = {
  CARILLON_TLS_CLIENT_CA_FILE: caFile,
  CARILLON_MQTT_USERS_FILE: usersFile,
  CARILLON_MQTT_ACL_FILE: aclFile,
};

beforeAll(async () => {
  mkdirSync(directory);
  [authority, stranger] = await Promise.all([Authority.create('Devices'), Authority.create('Strangers')]);
  writeFileSync(caFile, authority.cert);
  writeFileSync(usersFile, `${BACKEND}\n`);
  writeFileSync(aclFile, 'user backend\ntopic readwrite orders/#\n');
  gateway = await installation.start('all-in-one', environment);
  rest = new Rest(gateway.url('HTTP'), installation.adminKey);
  for (const id of ['d-1', 'd-2', 'd-3']) await rest.register(id);
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.endAsync(true)));
});
afterAll(() => installation.end());

async function connect(pair: Pair | undefined, options: IClientOptions = {}): Promise<MqttClient> {
  const client = await mqtt.connectAsync(
    gateway.url('MQTT TLS'),
    { ...pair, protocolVersion: 5, reconnectPeriod: 0, rejectUnauthorized: false, clientId: '', ...options },
    false,
  );
  client.on('error', () => undefined);
  clients.push(client);
  return client;
}
const granted = (client: MqttClient, topic: string): Promise<number> =>
  client.subscribeAsync(topic, { qos: 1 }).then(
    ([grant]) => grant!.qos,
    (error: { packet: { granted: number[] } }) => error.packet.granted[0]!,
  );

/** By CONNACK, by a TLS alert, or by the end of the connection. */
const REFUSED = /Not authorized|SSL|ECONNRESET|EPIPE|closed|connect|ended/i;

/** MQTT 3.1.1, client id d-11, no credentials. */
const CONNECT_D_11 = Buffer.from('101000044d5154540402003c0004642d3131', 'hex');

async function reload(): Promise<void> {
  const before = gateway.log.length;
  process.kill(gateway.pid, 'SIGHUP');
  await until('the reload', () =>
    gateway.log.slice(before).some((line) => line.includes('"what":"TLS certificates","msg":"read again"')),
  );
}

it('a device logs in by its common name, and gets its pushes', async () => {
  const client = await connect(await authority.issue({ commonName: 'd-1' }));
  const messages: string[] = [];
  client.on('message', (_topic, payload) => messages.push(payload.toString()));
  expect(await granted(client, 'devices/d-1/inbox')).toBe(1);
  expect(await granted(client, 'devices/d-2/inbox')).toBe(0x87);
  const id = await rest.send({ audience: { device: 'd-1' } });
  await until('the push', () => messages.length);
  expect(JSON.parse(messages[0]!)).toMatchObject({ id });
});

it('a device logs in by its DNS name where there is no common name', async () => {
  const client = await connect(await authority.issue({ dnsNames: ['d-2'] }));
  expect(await granted(client, 'devices/d-2/inbox')).toBe(1);
});

it.each<[string, () => Promise<Pair | undefined>, IClientOptions, number]>([
  ['another client id', () => authority.issue({ commonName: 'd-1' }), { clientId: 'd-2' }, 0x85],
  ['another user name', () => authority.issue({ commonName: 'd-1' }), { username: 'd-2' }, 0x86],
  [
    'a wrong password',
    () => authority.issue({ commonName: 'd-1' }),
    { username: 'd-1', password: 'x' },
    0x86,
  ],
  ['a device that nobody knows', () => authority.issue({ commonName: 'nobody' }), {}, 0x86],
  ['a name that is no device’s', () => authority.issue({ commonName: 'D/#' }), {}, 0x86],
  ['several names and no common name', () => authority.issue({ dnsNames: ['d-1', 'd-2'] }), {}, 0x86],
  ['another authority', () => stranger.issue({ commonName: 'd-1' }), {}, 0x87],
  ['no certificate', () => Promise.resolve(undefined), {}, 0x87],
])('is refused: %s', async (_, pair, options, code) => {
  await expect(connect(await pair(), options)).rejects.toMatchObject({ code });
});

it('is refused: an authority that is only called the same', async () => {
  const forger = await Authority.create('Devices');
  await expect(connect(await forger.issue({ commonName: 'd-1' }))).rejects.toThrow(REFUSED);
});

it('the client id may be the device’s, the user name too', async () => {
  const client = await connect(await authority.issue({ commonName: 'd-1' }), {
    clientId: 'd-1',
    username: 'd-1',
  });
  expect(client.connected).toBe(true);
});

it('a user logs in, within the access list', async () => {
  const client = await connect(await authority.issue({ commonName: 'backend' }), { clientId: 'any' });
  expect(await granted(client, 'orders/1')).toBe(1);
  expect(await granted(client, 'other')).toBe(0x87);
});

it('passwords go on as before, with a certificate and without', async () => {
  const login = { username: 'backend', password: 'secret1' };
  for (const pair of [undefined, await authority.issue({ commonName: 'd-1' })]) {
    expect((await connect(pair, login)).connected).toBe(true);
  }
});

it('a device that was deleted is no more let in', async () => {
  const pair = await authority.issue({ commonName: 'd-3' });
  const client = await connect(pair);
  const gone = new Promise((resolve) => client.once('disconnect', ({ reasonCode }) => resolve(reasonCode)));
  await rest.delete('/v1/devices/d-3');
  expect(await gone).toBe(0x98);
  await expect(connect(pair)).rejects.toMatchObject({ code: 0x86 });
});

it.each(['TLSv1.2', 'TLSv1.3'] as const)(
  'a resumed session (%s) is as good as the first',
  async (version) => {
    const options = { minVersion: version, maxVersion: version, servername: 'localhost' } as const;
    const connack = async (session: Buffer | undefined, pair: Pair | undefined) => {
      const socket = await secured(gateway.url('MQTT TLS'), { ...options, ...pair, session });
      const said = new Promise<Buffer>((resolve) => socket.once('data', resolve));
      socket.write(CONNECT_D_11);
      const answer = (await said)[3]!;
      const result = { answer, resumed: socket.isSessionReused(), session: socket.getSession() };
      socket.destroy();
      return result;
    };
    await rest.register('d-11');
    const good = await connack(undefined, await authority.issue({ commonName: 'd-11' }));
    expect(good.answer).toBe(0);
    expect(await connack(good.session, undefined)).toMatchObject({ answer: 0, resumed: true });
    const bad = await connack(undefined, await stranger.issue({ commonName: 'd-11' }));
    expect(bad.answer).toBe(5);
    expect((await connack(bad.session, undefined)).answer).toBe(5);
    const none = await connack(undefined, undefined);
    expect(none.answer).toBe(5);
    expect((await connack(none.session, undefined)).answer).toBe(5);
    await rest.delete('/v1/devices/d-11');
  },
);

describe('where certificates are required', () => {
  it('nobody connects without one that an authority vouches for', async () => {
    const strict = await installation.start('edge', {
      ...environment,
      CARILLON_TLS_CLIENT_CERTIFICATES: 'require',
    });
    const url = strict.url('MQTT TLS');
    const login = async (options: IClientOptions) => {
      const settings = { reconnectPeriod: 0, rejectUnauthorized: false, ...options };
      clients.push(await mqtt.connectAsync(url, settings, false));
    };
    await login({ ...(await authority.issue({ commonName: 'd-1' })), clientId: 'd-1' });
    await login({
      ...(await authority.issue({ commonName: 'd-1' })),
      username: 'backend',
      password: 'secret1',
    });
    for (const pair of [undefined, await stranger.issue({ commonName: 'd-1' })]) {
      await expect(login({ ...pair, username: 'backend', password: 'secret1' })).rejects.toThrow(REFUSED);
    }
    await until('the line', () => strict.log.some((line) => line.includes('a TLS handshake failed')));
  });

  it('a session that was begun without one is of no use', async () => {
    const strict = await installation.start('edge', {
      ...environment,
      CARILLON_TLS_CLIENT_CERTIFICATES: 'require',
    });
    // A client without a certificate may get hold of a ticket before the server ends the connection.
    const socket = await secured(strict.url('MQTT TLS'), { maxVersion: 'TLSv1.3', minVersion: 'TLSv1.3' });
    const tickets: Buffer[] = [];
    socket.on('session', (ticket: Buffer) => tickets.push(ticket));
    await new Promise((resolve) => socket.once('close', resolve));
    for (const session of tickets) {
      const again = await secured(strict.url('MQTT TLS'), { session }).catch(() => undefined);
      if (!again) continue;
      again.write(CONNECT_D_11);
      const said: Buffer[] = [];
      again.on('data', (chunk: Buffer) => said.push(chunk));
      await new Promise((resolve) => again.once('close', resolve));
      expect(said).toEqual([]);
    }
  });
});

/** An authority's list of revoked certificates, as operators keep it. */
class RevocationList {
  readonly file = join(directory, 'crl.pem');
  private readonly configFile = join(directory, 'openssl.cnf');
  private readonly database = join(directory, 'index.txt');
  private readonly keyFile = join(directory, 'ca.key');

  /** Empty, and signed by this authority, whose certificate clients are trusted by from now on. */
  begin({ cert, key }: Authority): void {
    writeFileSync(caFile, cert);
    writeFileSync(this.keyFile, key);
    writeFileSync(this.database, '');
    const settings = ['[ca]', 'default_ca=own', '[own]', `database=${this.database}`];
    writeFileSync(this.configFile, [...settings, 'default_md=sha256', 'default_crl_days=1', ''].join('\n'));
    this.openssl('-gencrl', '-out', this.file);
  }

  revoke({ cert }: Pair): void {
    const revoked = join(directory, 'revoked.pem');
    writeFileSync(revoked, cert);
    this.openssl('-revoke', revoked);
    this.openssl('-gencrl', '-out', this.file);
  }

  private openssl(...args: string[]): void {
    const files = ['-config', this.configFile, '-cert', caFile, '-keyfile', this.keyFile];
    execFileSync('openssl', ['ca', ...files, ...args], { stdio: 'ignore' });
  }
}

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
(hasOpenssl ? describe : describe.skip)('revocation lists (needs openssl)', () => {
  it('a revoked certificate is not let in, as of the next SIGHUP; new authorities count from then on too', async () => {
    const revoked = await authority.issue({ commonName: 'd-1' });
    const valid = await authority.issue({ commonName: 'd-2' });
    const list = new RevocationList();
    list.begin(authority);
    gateway = await installation.start('edge', { ...environment, CARILLON_TLS_CLIENT_CRL_FILE: list.file });
    const standing = await connect(revoked);
    list.revoke(revoked);
    await reload();
    expect(standing.connected).toBe(true);
    await expect(connect(revoked)).rejects.toMatchObject({ code: 0x87 });
    expect((await connect(valid)).connected).toBe(true);
    list.begin(stranger);
    await reload();
    await expect(connect(valid)).rejects.toMatchObject({ code: 0x87 });
    expect((await connect(await stranger.issue({ commonName: 'd-1' }))).connected).toBe(true);
  });
});
