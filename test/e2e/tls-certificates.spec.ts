import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect as connectTls, DEFAULT_CIPHERS, type SecureVersion } from 'node:tls';
import { Authority, type Pair, writePair } from '../support/certificates.js';
import { MqttDevice, XmppDevice } from '../support/devices.js';
import { failedStart } from '../support/failed-start.js';
import { Installation, type GatewayProcess } from '../support/gateway.js';
import { Rest } from '../support/rest.js';
import { secured, shownBy, shownByStartTls } from '../support/tls-peer.js';
import { until } from '../support/until.js';
import { XmppWire } from '../support/xmpp-wire.js';

/** Certificates of the operator, by server name, and anew without an end to any connection. */
const installation = new Installation();
const directory = join(installation.dataDir, 'tls');
const sniDir = join(directory, 'names');
let authority: Authority;
let first: Pair;
let files: { certFile: string; keyFile: string };
let gateway: GatewayProcess;
let rest: Rest;

beforeAll(async () => {
  authority = await Authority.create('Authority');
  first = await authority.issue({ commonName: 'first', dnsNames: ['push.test'] });
  files = writePair(join(directory, 'own'), first);
  writePair(join(sniDir, 'wide'), await authority.issue({ commonName: 'wide', dnsNames: ['*.wide.test'] }));
  writePair(join(sniDir, 'a'), await authority.issue({ commonName: 'exact', dnsNames: ['a.wide.test'] }));
  writePair(join(sniDir, 'xmpp'), await authority.issue({ commonName: 'xmpp', dnsNames: ['localhost'] }));
  gateway = await installation.start('all-in-one', environment());
  rest = new Rest(gateway.url('HTTP'), installation.adminKey);
});
afterAll(() => installation.end());

const environment = () => ({
  CARILLON_TLS_CERT_FILE: files.certFile,
  CARILLON_TLS_KEY_FILE: files.keyFile,
  CARILLON_TLS_SNI_DIR: sniDir,
});
const LISTENERS = ['MQTT TLS', 'XMPP TLS', 'HTTP'];
const shownByAll = (servername?: string) =>
  Promise.all(LISTENERS.map((listener) => shownBy(gateway.url(listener), { servername })));

async function reload(): Promise<string> {
  const before = gateway.log.length;
  process.kill(gateway.pid, 'SIGHUP');
  const told = () => gateway.log.slice(before).find((line) => line.includes('"what":"TLS certificates"'));
  return (await until('the reload', told))!;
}

it.each([
  [undefined, 'first'],
  ['push.test', 'first'],
  ['unknown.test', 'first'],
  ['a.wide.test', 'exact'],
  ['B.wide.test', 'wide'],
  ['a.b.wide.test', 'first'],
])('shows to a client that asks for %s the certificate %s', async (servername, name) => {
  expect(await shownByAll(servername)).toEqual(LISTENERS.map(() => name));
});

it('shows the certificate of the XMPP domain by STARTTLS', async () => {
  expect(await shownByStartTls(gateway.url('XMPP'))).toBe('xmpp');
});

it('sends the whole chain', async () => {
  writeFileSync(files.certFile, first.cert + authority.cert);
  await reload();
  const socket = await secured(gateway.url('MQTT TLS'), {
    ca: authority.cert,
    servername: 'push.test',
    rejectUnauthorized: true,
  });
  expect(socket.getPeerCertificate(true).issuerCertificate.subject.CN).toBe('Authority');
  socket.destroy();
});

it('shows new ones after SIGHUP, while connections go on', async () => {
  const token = await rest.register('d-1');
  const other = await rest.register('d-2');
  const mqtt = new MqttDevice(
    { id: 'd-1', token },
    { url: gateway.url('MQTT TLS'), rejectUnauthorized: false },
  );
  const xmpp = new XmppDevice({ id: 'd-2', token: other }, { service: gateway.url('XMPP TLS') });
  const idle = connectTls({ port: Number(new URL(gateway.url('HTTP')).port), rejectUnauthorized: false });
  await Promise.all([mqtt.connect(), xmpp.connect()]);
  const ended: string[] = [];
  mqtt.client.on('close', () => ended.push('mqtt'));
  xmpp.client.on('disconnect', () => ended.push('xmpp'));
  idle.on('close', () => ended.push('https'));

  writePair(join(directory, 'own'), await authority.issue({ commonName: 'second' }));
  writePair(join(sniDir, 'xmpp'), await authority.issue({ commonName: 'xmpp-2', dnsNames: ['localhost'] }));
  rmSync(join(sniDir, 'a'), { recursive: true });
  expect(await reload()).toContain('read again');
  expect(await shownByAll()).toEqual(LISTENERS.map(() => 'second'));
  expect(await shownByAll('a.wide.test')).toEqual(LISTENERS.map(() => 'wide'));
  expect(await shownByStartTls(gateway.url('XMPP'))).toBe('xmpp-2');

  await rest.send({ audience: { all: [{ any: [{ device: 'd-1' }, { device: 'd-2' }] }] } });
  await Promise.all([mqtt.expect(1), xmpp.expect(1)]);
  expect(ended).toEqual([]);
  await Promise.all([mqtt.disconnect(), xmpp.disconnect()]);
  idle.destroy();
});

it('makes no use of sessions from before: they would hide the new certificate', async () => {
  const options = { maxVersion: 'TLSv1.2' } as const;
  const before = await secured(gateway.url('MQTT TLS'), options);
  const session = before.getSession();
  const again = await secured(gateway.url('MQTT TLS'), { ...options, session });
  expect(again.isSessionReused()).toBe(true);
  await reload();
  const after = await secured(gateway.url('MQTT TLS'), { ...options, session });
  expect(after.isSessionReused()).toBe(false);
  for (const socket of [before, again, after]) socket.destroy();
});

it.each<[string, () => Promise<void>, RegExp]>([
  [
    'the key of another certificate',
    async () => writeFileSync(files.keyFile, (await authority.issue({ commonName: 'other' })).key),
    /key\.pem is not the key of the first certificate in .*certificate\.pem/,
  ],
  [
    'a certificate cut short',
    async () => writeFileSync(files.certFile, first.cert.slice(0, 300)),
    /certificate\.pem holds no PEM certificate/,
  ],
  ['no key', async () => rmSync(files.keyFile), /key\.pem cannot be read \(ENOENT\)/],
  [
    'a directory without a certificate',
    async () => rmSync(join(sniDir, 'wide', 'certificate.pem')),
    /wide holds none of certificate\.pem, fullchain\.pem, tls\.crt/,
  ],
])('keeps the old ones when the new have a fault: %s', async (_, spoil, reason) => {
  writePair(join(directory, 'own'), await authority.issue({ commonName: 'good' }));
  writePair(join(sniDir, 'wide'), await authority.issue({ commonName: 'wide', dnsNames: ['*.wide.test'] }));
  expect(await reload()).toContain('read again');
  await spoil();
  const line = await reload();
  expect(line).toContain('not read again: the old stays in force');
  expect(line).toMatch(reason);
  expect(await shownByAll()).toEqual(LISTENERS.map(() => 'good'));
  expect(await shownByAll('x.wide.test')).toEqual(LISTENERS.map(() => 'wide'));
});

it('says on /metrics when each certificate ends', async () => {
  const text = await (await fetch(`${gateway.url('HTTP')}/metrics`)).text();
  expect(text).toMatch(/carillon_tls_certificate_expiry_timestamp_seconds\{name="\*\.wide\.test"\} \d{10}\b/);
});

it('does not start with faulty files: all faults are listed', async () => {
  rmSync(files.keyFile, { force: true });
  rmSync(join(sniDir, 'wide', 'key.pem'), { force: true });
  const { code, stderr } = await failedStart('api', {
    ...installation.environment(),
    ...environment(),
    CARILLON_TLS_CLIENT_CRL_FILE: files.certFile,
  });
  expect(code).toBe(1);
  expect(stderr).toMatch(/^carillon: the TLS files cannot be used: correct them\n/);
  expect(stderr).toMatch(/CRL_FILE is of no use[^]*own\/key\.pem[^]*wide/);
});

it('has new ones read by an API process too', async () => {
  const pair = writePair(join(directory, 'api'), await authority.issue({ commonName: 'api-1' }));
  const api = await installation.start('api', {
    CARILLON_TLS_CERT_FILE: pair.certFile,
    CARILLON_TLS_KEY_FILE: pair.keyFile,
  });
  expect(await shownBy(api.url('HTTP'))).toBe('api-1');
  writePair(join(directory, 'api'), await authority.issue({ commonName: 'api-2' }));
  process.kill(api.pid, 'SIGHUP');
  await until(
    'the new certificate',
    () => shownBy(api.url('HTTP')),
    (name) => name === 'api-2',
  );
});

describe('versions', () => {
  const LISTENERS_AND_STARTTLS = [...LISTENERS, 'XMPP'];
  const spoken = async (edge: GatewayProcess, version: SecureVersion): Promise<string[]> => {
    const options = { minVersion: version, maxVersion: version, ciphers: `${DEFAULT_CIPHERS}:@SECLEVEL=0` };
    const attempts = LISTENERS_AND_STARTTLS.map((listener) =>
      (listener === 'XMPP'
        ? XmppWire.secured(edge.url(listener), 'localhost', options).then(({ wire }) => wire.cut())
        : secured(edge.url(listener), options).then((socket) => void socket.destroy())
      ).then(
        () => 'spoken',
        () => 'refused',
      ),
    );
    return Promise.all(attempts);
  };
  const all = (outcome: string): string[] => LISTENERS_AND_STARTTLS.map(() => outcome);

  it('speaks TLS 1.2 and 1.3, and nothing older', async () => {
    expect(await spoken(gateway, 'TLSv1')).toEqual(all('refused'));
    expect(await spoken(gateway, 'TLSv1.1')).toEqual(all('refused'));
    expect(await spoken(gateway, 'TLSv1.2')).toEqual(all('spoken'));
    expect(await spoken(gateway, 'TLSv1.3')).toEqual(all('spoken'));
  });

  it('speaks older ones where it is told to, with a warning', async () => {
    const old = await installation.start('edge', { CARILLON_TLS_MIN_VERSION: '1.0' });
    for (const version of ['TLSv1', 'TLSv1.1', 'TLSv1.3'] as const)
      expect(await spoken(old, version)).toEqual(all('spoken'));
    expect(old.log.some((line) => line.includes('CARILLON_TLS_MIN_VERSION=1.0'))).toBe(true);
  });

  it('speaks TLS 1.3 alone where it is told to', async () => {
    const strict = await installation.start('edge', { CARILLON_TLS_MIN_VERSION: '1.3' });
    expect(await spoken(strict, 'TLSv1.2')).toEqual(all('refused'));
    expect(await spoken(strict, 'TLSv1.3')).toEqual(all('spoken'));
  });
});
