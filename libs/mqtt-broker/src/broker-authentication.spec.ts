import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import type { AuthenticationMethod } from './authentication/authentication-method.js';
import type { ScramCredentials, ScramLookup, ScramOptions } from './authentication/scram-sha-256.js';
import type { MqttBroker } from './broker.js';
import { PacketType, type ConnackPacket, type Packet, type Properties } from './codec/packets.js';
import { startBroker, stopBrokers, TestClock } from './testing/test-broker.js';
import { TestClient } from './testing/test-client.js';

afterEach(stopBrokers);

const { CONNACK, AUTH, DISCONNECT, PUBACK } = PacketType;
const METHOD = 'SCRAM-SHA-256';
const hmac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
const sha256 = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest();

/** RFC 7677 §3. */
const rfc = {
  clientFirst: 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO',
  serverFirst: 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
  clientFinal:
    'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
  serverFinal: 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
  serverNonce: '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0',
};

const salted = pbkdf2Sync('pencil', Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'), 4096, 32, 'sha256');
const clientKey = hmac(salted, 'Client Key');
const credentials: ScramCredentials = {
  salt: Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'),
  iterations: 4096,
  storedKey: sha256(clientKey),
  serverKey: hmac(salted, 'Server Key'),
  principal: { name: 'user' },
};

const users = new Map<string, ScramLookup>([
  ['user', credentials],
  ['a,b=c', credentials],
  ['other', { ...credentials, principal: 'other' }],
  ['nowhere', 'unavailable'],
  ['misnamed', { ...credentials, refusal: 'identifier-rejected' }],
]);

function secured(scram: ScramOptions = {}, more: Parameters<typeof startBroker>[2] = {}): MqttBroker {
  const scramCredentials = async (username: string): Promise<ScramLookup> => {
    if (username === 'broken') throw new Error('store is down');
    return users.get(username);
  };
  const authenticate = () => ({ ok: false, reason: 'bad-credentials' }) as const;
  return startBroker({ authenticate, scramCredentials }, {}, { scram, ...more });
}

const carrying = (data: string | undefined, method = METHOD): Properties => ({
  authenticationMethod: method,
  ...(data === undefined ? {} : { authenticationData: Buffer.from(data) }),
});

const said = (packet: Packet): string | undefined =>
  'properties' in packet ? packet.properties?.authenticationData?.toString() : undefined;

function answer(client: TestClient, data: string, reasonCode = 0x18, method = METHOD): void {
  client.send({ type: AUTH, reasonCode, properties: carrying(data, method) });
}

/** The client's last message, by the password of the RFC. */
function proofFor(serverFirst: string, firstBare = 'n=user,r=abc', binding = 'biws'): string {
  const withoutProof = `c=${binding},r=${/^r=([^,]*)/.exec(serverFirst)![1]}`;
  const signature = hmac(credentials.storedKey, `${firstBare},${serverFirst},${withoutProof}`);
  const proof = Buffer.from(clientKey.map((byte, i) => byte ^ signature[i]!));
  return `${withoutProof},p=${proof.toString('base64')}`;
}

function begin(broker: MqttBroker, first = 'n,,n=user,r=abc', method = METHOD): TestClient {
  const client = new TestClient(broker);
  client.sendConnect('c', { properties: carrying(first, method) });
  return client;
}

async function login(
  broker: MqttBroker,
  username = 'user',
  gs2 = 'n,,',
): Promise<[TestClient, ConnackPacket]> {
  const bare = `n=${username},r=abc`;
  const client = begin(broker, gs2 + bare);
  const challenge = said(await client.take(AUTH))!;
  answer(client, proofFor(challenge, bare, Buffer.from(gs2).toString('base64')));
  return [client, await client.take(CONNACK)];
}

describe('SCRAM-SHA-256', () => {
  it('goes through the exchange of RFC 7677, naming the method in every packet', async () => {
    const broker = secured({ nonce: () => rfc.serverNonce });
    const client = begin(broker, rfc.clientFirst);
    const challenge = await client.take(AUTH);
    expect(challenge).toMatchObject({ reasonCode: 0x18, properties: carrying(rfc.serverFirst) });
    answer(client, rfc.clientFinal);
    const connack = await client.take(CONNACK);
    expect(connack).toMatchObject({ reasonCode: 0, properties: carrying(rfc.serverFinal) });
    expect(broker.client('c')?.principal).toBe(credentials.principal);
  });

  it('asks for the first message of a client that sent none', async () => {
    const late = new TestClient(secured());
    late.sendConnect('c', { properties: { authenticationMethod: METHOD } });
    expect(await late.take(AUTH)).toMatchObject({ reasonCode: 0x18 });
    answer(late, 'n,,n=user,r=abc');
    answer(late, proofFor(said(await late.take(AUTH))!));
    expect((await late.take(CONNACK)).reasonCode).toBe(0);
  });

  it.each([
    ['a name with a comma and an equals sign', 'a=2Cb=3Dc', 'n,,'],
    ['an authorization identity of its own', 'user', 'n,a=user,'],
    ['a client that could bind channels', 'user', 'y,,'],
  ])('takes %s', async (_, username, gs2) => {
    const [, connack] = await login(secured(), username, gs2);
    expect(connack.reasonCode).toBe(0);
  });

  it('gives each exchange a nonce of its own', async () => {
    const broker = secured();
    const nonces = await Promise.all([1, 2].map(async () => said(await begin(broker).take(AUTH))));
    expect(nonces[0]).not.toBe(nonces[1]);
  });

  const firsts: [string, string, number][] = [
    ['another’s identity', 'n,a=other,n=user,r=abc', 0x87],
    ['channel binding', 'p=tls-unique,,n=user,r=abc', 0x87],
    ['a mandatory extension', 'n,,m=x,n=user,r=abc', 0x87],
    ['a name badly escaped', 'n,,n=a=b,r=abc', 0x87],
    ['no nonce', 'n,,n=user', 0x87],
    ['nothing', '', 0x87],
    ['a flood', `n,,n=user,r=${'x'.repeat(5000)}`, 0x87],
    ['a store that is away', 'n,,n=nowhere,r=abc', 0x88],
    ['a store that fails', 'n,,n=broken,r=abc', 0x88],
  ];
  it.each(firsts)('refuses a first message with %s', async (_, first, reasonCode) => {
    const broker = secured();
    const client = begin(broker, first);
    expect(await client.take(CONNACK)).toMatchObject({ reasonCode, sessionPresent: false });
    await client.closed;
    expect(broker.statistics).toMatchObject({ connections: 0, sessions: 0 });
  });

  const finals: [string, (proof: string) => string, number][] = [
    ['a wrong proof', (proof) => proof.replace(/p=.{4}/, 'p=AAAA'), 0x86],
    ['a proof too short', (proof) => proof.replace(/p=.*/, 'p=AAAA'), 0x86],
    ['another nonce', (proof) => proof.replace(',r=abc', ',r=abd'), 0x86],
    ['another channel binding', (proof) => proof.replace('c=biws', 'c=eSws'), 0x87],
    ['no proof', (proof) => proof.replace(/,p=.*/, ''), 0x87],
    ['a proof that is no base64', (proof) => proof.replace(/p=.*/, 'p=%%%%'), 0x87],
    ['nothing', () => '', 0x87],
  ];
  it.each(finals)('refuses a last message with %s', async (_, change, reasonCode) => {
    const client = begin(secured());
    answer(client, change(proofFor(said(await client.take(AUTH))!)));
    expect((await client.take(CONNACK)).reasonCode).toBe(reasonCode);
    await client.closed;
  });

  it('tells nobody but the user why the user is not let in', async () => {
    const broker = secured();
    const [, refused] = await login(broker, 'misnamed');
    expect(refused.reasonCode).toBe(0x85);
    const client = begin(broker, 'n,,n=misnamed,r=abc');
    answer(client, proofFor(said(await client.take(AUTH))!, 'n=misnamed,r=other'));
    expect((await client.take(CONNACK)).reasonCode).toBe(0x86);
  });

  it('does not show who is a user: the same salt each time, the same refusal', async () => {
    const decoySecret = Buffer.alloc(32, 1);
    const challenges: string[] = [];
    for (const broker of [secured({ decoySecret }), secured({ decoySecret })]) {
      const client = begin(broker, 'n,,n=nobody,r=abc');
      const challenge = said(await client.take(AUTH))!;
      expect(challenge).toMatch(/^r=abc[^,]{24},s=[A-Za-z0-9+/]{22}==,i=4096$/);
      challenges.push(challenge.split(',s=')[1]!);
      answer(client, proofFor(challenge, 'n=nobody,r=abc'));
      expect((await client.take(CONNACK)).reasonCode).toBe(0x86);
    }
    expect(challenges[0]).toBe(challenges[1]);
    const derived = hmac(decoySecret, `${METHOD}\0nobody`).subarray(0, 16).toString('base64');
    expect(challenges[0]).toBe(`${derived},i=4096`);
    const other = begin(secured({ decoySecret }), 'n,,n=noone,r=abc');
    expect(said(await other.take(AUTH))).not.toContain(challenges[0]!);
  });
});

describe('an exchange under way', () => {
  it.each([
    ['a packet that is no AUTH', 0x82, (client: TestClient) => client.publish('a', 'x')],
    ['a ping', 0x82, (client: TestClient) => client.send({ type: PacketType.PINGREQ })],
    ['a second CONNECT', 0x82, (client: TestClient) => client.sendConnect('c')],
    ['AUTH that begins anew', 0x82, (client: TestClient) => answer(client, 'x', 0x19)],
    ['AUTH that claims success', 0x82, (client: TestClient) => answer(client, 'x', 0)],
    ['another method', 0x8c, (client: TestClient) => answer(client, 'x', 0x18, 'PLAIN')],
  ])('is ended by %s', async (_, reasonCode, act) => {
    const client = begin(secured());
    await client.take(AUTH);
    act(client);
    expect(await client.take(CONNACK)).toMatchObject({ reasonCode });
    await client.closed;
  });

  it('may be called off by DISCONNECT', async () => {
    const broker = secured();
    const client = begin(broker);
    await client.take(AUTH);
    await client.leave();
    expect(client.inbox).toEqual([]);
    expect(broker.statistics).toMatchObject({ connections: 0, sessions: 0 });
  });

  it('is bounded in time', async () => {
    const clock = new TestClock();
    const client = begin(secured({}, { now: clock.now }));
    await client.take(AUTH);
    await clock.advance(11);
    expect((await client.take(CONNACK)).reasonCode).toBe(0x88);
    await client.closed;
  });

  it('is refused when the server stops: 0x88, as a CONNACK has no 0x8B', async () => {
    const broker = secured();
    const client = begin(broker);
    await client.take(AUTH);
    await broker.stop('shutting-down', 100);
    expect((await client.take(CONNACK)).reasonCode).toBe(0x88);
  });

  it('is bounded in rounds, whatever its method does', async () => {
    const endless: AuthenticationMethod = {
      name: 'ENDLESS',
      begin: () => ({ respond: () => ({ kind: 'continue', data: Buffer.from('more') }) }),
    };
    const broker = startBroker({}, {}, { authenticationMethods: [endless] });
    const client = begin(broker, 'x', 'ENDLESS');
    let rounds = 0;
    for (let packet = await client.next(); packet.type === AUTH; packet = await client.next()) {
      rounds++;
      answer(client, 'x', 0x18, 'ENDLESS');
    }
    expect(rounds).toBe(10);
    await client.closed;
  });

  it('sends nothing above the Maximum Packet Size of the client', async () => {
    const client = new TestClient(secured());
    client.sendConnect('c', { properties: { ...carrying('n,,n=user,r=abc'), maximumPacketSize: 40 } });
    expect(await client.take(CONNACK)).toMatchObject({ reasonCode: 0x95 });
    await client.closed;
  });
});

describe('methods', () => {
  it('that are not known are refused, and nobody is asked', async () => {
    let asked = 0;
    const broker = startBroker({ scramCredentials: () => (asked++, undefined) });
    const client = begin(broker, 'x', 'SCRAM-SHA-1');
    expect((await client.take(CONNACK)).reasonCode).toBe(0x8c);
    await client.closed;
    expect(asked).toBe(0);
  });

  it('may be brought along, and may give a client identifier', async () => {
    const token: AuthenticationMethod = {
      name: 'TOKEN',
      begin: ({ peer }) => ({
        respond: (data) =>
          data?.toString() === 'let me in'
            ? { kind: 'success', username: 'u', principal: peer.address, clientId: 'given' }
            : { kind: 'failure', reason: 'not-authorized' },
      }),
    };
    const broker = startBroker({}, {}, { authenticationMethods: [token] });
    const connack = await begin(broker, 'let me in', 'TOKEN').take(CONNACK);
    expect(connack.properties).toMatchObject({ authenticationMethod: 'TOKEN' });
    expect(connack.properties?.authenticationData).toBeUndefined();
    expect(broker.client('given')?.principal).toBe('192.0.2.1');
    expect((await begin(broker, 'please', 'TOKEN').take(CONNACK)).reasonCode).toBe(0x87);
  });

  it('leave plain clients alone: no AUTH, no method in the CONNACK [MQTT-4.12.0-6]', async () => {
    const broker = startBroker({ scramCredentials: () => credentials });
    const client = await TestClient.connect(broker, 'c');
    expect(client.connack?.properties?.authenticationMethod).toBeUndefined();
    answer(client, 'n,,n=user,r=abc', 0x19);
    await client.closed;
    expect(client.inbox).toMatchObject([{ type: DISCONNECT, reasonCode: 0x82 }]);
  });
});

describe('re-authentication', () => {
  it('goes on beside everything else, and ends with AUTH 0x00', async () => {
    const broker = secured();
    const [client] = await login(broker);
    for (let round = 0; round < 2; round++) {
      answer(client, 'n,,n=user,r=abc', 0x19);
      const challenge = await client.take(AUTH);
      expect(challenge).toMatchObject({ reasonCode: 0x18 });
      client.publish('a', 'x', { qos: 1, packetId: 1 });
      await client.take(PUBACK);
      answer(client, proofFor(said(challenge)!));
      const done = await client.take(AUTH);
      expect(done).toMatchObject({ reasonCode: 0, properties: { authenticationMethod: METHOD } });
      expect(said(done)).toMatch(/^v=/);
    }
    expect(broker.client('c')?.connected).toBe(true);
  });

  it.each([
    ['fails', 'user', (proof: string) => proof.replace(/p=.{4}/, 'p=AAAA'), 0x87],
    ['comes to somebody else', 'other', (proof: string) => proof, 0x87],
  ])('that %s ends the connection [MQTT-4.12.1-2]', async (_, username, change, reasonCode) => {
    const [client] = await login(secured());
    answer(client, `n,,n=${username},r=abc`, 0x19);
    answer(client, change(proofFor(said(await client.take(AUTH))!, `n=${username},r=abc`)));
    expect(await client.take(DISCONNECT)).toMatchObject({ reasonCode });
    await client.closed;
  });

  it.each([
    ['while the store is away', 'n,,n=nowhere,r=abc', 0x19, METHOD, 0x89],
    ['by another method [MQTT-4.12.1-1]', 'x', 0x19, 'SCRAM-SHA-1', 0x8c],
    ['that was not begun', 'x', 0x18, METHOD, 0x82],
  ] as const)('%s ends the connection', async (_, data, code, method, reasonCode) => {
    const [client] = await login(secured());
    answer(client, data, code, method);
    expect(await client.take(DISCONNECT)).toMatchObject({ reasonCode });
    await client.closed;
  });

  it('is not begun twice', async () => {
    const [client] = await login(secured());
    answer(client, 'n,,n=user,r=abc', 0x19);
    await client.take(AUTH);
    answer(client, 'n,,n=user,r=abc', 0x19);
    expect(await client.take(DISCONNECT)).toMatchObject({ reasonCode: 0x82 });
  });
});
