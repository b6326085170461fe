import { xml } from '@xmpp/client';
import { Installation, type GatewayProcess } from '../support/gateway.js';
import { MqttDevice, PollDevice, type TestDevice, XmppDevice } from '../support/devices.js';
import { Rest } from '../support/rest.js';
import { until } from '../support/until.js';

/** The processes apart, with two edges and more: devices go from one to another, and processes die. */
const installation = new Installation();
let worker: GatewayProcess;
let first: GatewayProcess;
let second: GatewayProcess;
let rest: Rest;

beforeAll(async () => {
  const apps = ['api', 'worker', 'edge', 'edge'] as const;
  const [api, ...others] = await Promise.all(apps.map((app) => installation.start(app)));
  [worker, first, second] = others as [GatewayProcess, GatewayProcess, GatewayProcess];
  rest = new Rest(api!.url('HTTP'), installation.adminKey);
});
afterAll(() => installation.end());

type Make = (id: string, token: string, edge: GatewayProcess) => TestDevice;
const TRANSPORTS = {
  mqtt: (id, token, edge) =>
    new MqttDevice({ id, token }, { url: edge.url('MQTT'), protocolVersion: 5, clean: true }),
  xmpp: (id, token, edge) => new XmppDevice({ id, token }, { service: edge.url('XMPP') }),
  poll: (id, token, edge) => new PollDevice({ id, token }, edge.url('HTTP')),
} as const satisfies Record<string, Make>;

let serial = 0;
async function register(): Promise<{ id: string; token: string }> {
  const id = `mover-${++serial}`;
  return { id, token: await rest.register(id) };
}

/** Which edge has the device, over what; an edge's id begins with its process's. */
async function presence(id: string): Promise<string[]> {
  const { body } = await rest.get(`/v1/devices/${id}/presence`);
  const connections = body.connections as { transport: string; edge: string }[];
  expect(body.online).toBe(connections.length > 0);
  return connections.map(({ transport, edge }) => `${transport} ${edge.split('-').slice(0, 2).join('-')}`);
}
const on = (transport: string, { pid }: GatewayProcess): string => `${transport} edge-${pid}`;

const isAt = (id: string, where: string[]) =>
  until(
    `${id} is at ${where.join()}`,
    () => presence(id),
    (seen) => seen.join() === where.join(),
    20_000,
  );

const send = (id: string) => rest.send({ audience: { device: id } });
const counts = async (id: string) => (await rest.get(`/v1/notifications/${id}`)).body.counts;
const acknowledged = (id: string) =>
  until(
    `the receipt of ${id}`,
    () => counts(id),
    (seen) => seen.acknowledged === 1 && seen.pending === 0,
  );

describe('a device that goes from one edge to another', () => {
  it.each(Object.entries(TRANSPORTS))('over %s is at the new one alone', async (transport, make) => {
    const { id, token } = await register();
    const [before, after] = [make(id, token, first), make(id, token, second)];
    await before.connect();
    await isAt(id, [on(transport, first)]);
    const sent = [await send(id)];
    expect(await before.expect(1)).toEqual(sent);
    await acknowledged(sent[0]!);

    if (transport === 'poll') await before.disconnect();
    await after.connect();
    await isAt(id, [on(transport, second)]);
    for (let i = 0; i < 5; i++) sent.push(await send(id));
    // What is acknowledged already is not given again.
    expect(await after.expect(5)).toEqual(sent.slice(1));
    await Promise.all(sent.map(acknowledged));
    expect(before.ids).toEqual(sent.slice(0, 1));
    await after.disconnect();
    await before.disconnect();
  });

  it('is told why its MQTT 5 connection ends: session taken over', async () => {
    const { id, token } = await register();
    const before = new MqttDevice({ id, token }, { url: first.url('MQTT'), protocolVersion: 5 });
    const after = new MqttDevice({ id, token }, { url: second.url('MQTT'), protocolVersion: 5 });
    await before.connect();
    await isAt(id, [on('mqtt', first)]);
    let reason: number | undefined;
    let closed = false;
    before.client.on('disconnect', ({ reasonCode }) => (reason = reasonCode));
    before.client.on('close', () => (closed = true));
    await after.connect();
    await until('the old connection ends', () => closed);
    expect(reason).toBe(0x8e);
    expect(after.client.connected).toBe(true);
    await isAt(id, [on('mqtt', second)]);
    await after.disconnect();
  });

  it('loses its MQTT 3.1.1 connection, which has no word for it', async () => {
    const { id, token } = await register();
    const before = new MqttDevice({ id, token }, { url: first.url('MQTT'), protocolVersion: 4 });
    const after = new MqttDevice({ id, token }, { url: second.url('MQTT'), protocolVersion: 4 });
    await before.connect();
    await isAt(id, [on('mqtt', first)]);
    const closed = new Promise((resolve) => before.client.once('close', () => resolve('closed')));
    await after.connect();
    expect(await closed).toBe('closed');
    expect(after.client.connected).toBe(true);
    await after.disconnect();
  });

  it('is told why its XMPP stream ends: conflict', async () => {
    const { id, token } = await register();
    const before = new XmppDevice({ id, token }, { service: first.url('XMPP') });
    const after = new XmppDevice({ id, token }, { service: second.url('XMPP') });
    await before.connect();
    await isAt(id, [on('xmpp', first)]);
    const failure = new Promise<Error>((resolve) => before.client.once('error', resolve));
    await after.connect();
    expect(await failure).toMatchObject({ name: 'StreamError', condition: 'conflict' });
    await isAt(id, [on('xmpp', second)]);
    await after.disconnect();
  });

  it('has its waiting poll answered, empty, when it polls elsewhere', async () => {
    const { id, token } = await register();
    const before = new PollDevice({ id, token }, first.url('HTTP'));
    const after = new PollDevice({ id, token }, second.url('HTTP'));
    const begun = Date.now();
    const waiting = before.poll(20);
    await isAt(id, [on('poll', first)]);
    const next = after.poll(20);
    expect(await (await waiting).json()).toMatchObject({ notifications: [] });
    expect(Date.now() - begun).toBeLessThan(10_000);
    await isAt(id, [on('poll', second)]);
    const sent = await send(id);
    const page = (await (await next).json()) as { notifications: { id: string }[] };
    expect(page.notifications.map((each) => each.id)).toEqual([sent]);
  });

  it('changes its transport too: what it acknowledged over one does not come over another', async () => {
    const { id, token } = await register();
    const ways = Object.values(TRANSPORTS);
    const sent: string[] = [];
    for (let i = 0; i < 6; i++) {
      const device = ways[i % 3]!(id, token, i % 2 ? first : second);
      sent.push(await send(id));
      await device.connect();
      expect(await device.expect(1)).toEqual([sent[i]]);
      await acknowledged(sent[i]!);
      await device.disconnect();
    }
  });
});

describe('XMPP sessions of a device on two edges', () => {
  const CAPS = 'http://jabber.org/protocol/caps';
  const DISCO = 'http://jabber.org/protocol/disco#info';
  const PUBSUB = 'http://jabber.org/protocol/pubsub';

  /** One that takes pushes and asks for a node, and one that only works on what they keep. */
  async function pair(): Promise<{ told: string[]; watcher: XmppDevice; worker: XmppDevice }> {
    const { id, token } = await register();
    const watcher = new XmppDevice({ id, token }, { service: first.url('XMPP'), resource: 'watcher' });
    const worker = new XmppDevice({ id, token }, { service: second.url('XMPP'), resource: 'worker' });
    await Promise.all([watcher.connect(false), worker.connect(false)]);
    const told: string[] = [];
    watcher.client.on('stanza', (stanza) => void told.push(stanza.toString()));
    return { told, watcher, worker };
  }
  const hears = (told: readonly string[], words: string) =>
    until(`one hears of ${words}`, () => told.some((stanza) => stanza.includes(words)));
  const ask = (device: XmppDevice, type: 'get' | 'set', payload: ReturnType<typeof xml>) =>
    device.client.iqCaller.request(xml('iq', { type }, payload));

  it('hear of changes of their block list', async () => {
    const { told, watcher, worker } = await pair();
    await ask(watcher, 'get', xml('blocklist', { xmlns: 'urn:xmpp:blocking' }));
    const blocked = xml('item', { jid: 'noisy@localhost' });
    await ask(worker, 'set', xml('block', { xmlns: 'urn:xmpp:blocking' }, blocked));
    await hears(told, '<block xmlns="urn:xmpp:blocking"><item jid="noisy@localhost"/></block>');
    expect(told.filter((stanza) => stanza.includes('<block '))).toHaveLength(1);
    await Promise.all([watcher.disconnect(), worker.disconnect()]);
  });

  it('hear of what is published on nodes that they ask for', async () => {
    const { told, watcher, worker } = await pair();
    const features = xml('query', { xmlns: DISCO }, xml('feature', { var: 'urn:n+notify' }));
    let asked = false;
    watcher.client.iqCallee.get(DISCO, 'query', () => {
      asked = true;
      return features;
    });
    const caps = xml('c', { xmlns: CAPS, hash: 'sha-1', node: 'urn:watcher', ver: 'x=' });
    await watcher.client.send(xml('presence', {}, caps));
    await until('the features are asked for', () => asked);
    // Behind its answer.
    await ask(watcher, 'get', xml('ping', { xmlns: 'urn:xmpp:ping' }));
    const item = xml('item', { id: 'one' }, xml('c', { xmlns: 'urn:c' }));
    await ask(worker, 'set', xml('pubsub', { xmlns: PUBSUB }, xml('publish', { node: 'urn:n' }, item)));
    await hears(told, '<items node="urn:n"><item id="one">');
    expect(told.filter((stanza) => stanza.includes('id="one"'))).toHaveLength(1);
    await Promise.all([watcher.disconnect(), worker.disconnect()]);
  });
});

/** Acknowledges so many, and from then on nothing more. */
const ACKNOWLEDGES_ONE: Record<keyof typeof TRANSPORTS, (device: TestDevice) => void> = {
  mqtt: (device) => {
    const { client } = device as MqttDevice;
    let count = 0;
    client.handleMessage = (_packet, done) => {
      if (++count === 1) done();
    };
  },
  xmpp: (device) => {
    const { client } = device as XmppDevice;
    const send = client.send.bind(client);
    client.send = async (stanza, ...more) => {
      if (stanza.name === 'a' && device.received.length > 1) return;
      await send(stanza, ...more);
    };
  },
  poll: (device) => {
    const poll = device as PollDevice;
    const acknowledge = poll.acknowledge.bind(poll);
    poll.acknowledge = async (body) => (poll.received.length > 1 ? 204 : acknowledge(body));
  },
};

describe('when an edge is killed', () => {
  it('its devices get elsewhere what they had not acknowledged, and nothing else', async () => {
    const doomed = await installation.start('edge');
    const lost = await register();
    const stays = TRANSPORTS.mqtt(lost.id, lost.token, doomed);
    await stays.connect();
    const cases = await Promise.all(
      Object.entries(TRANSPORTS).map(async ([transport, make]) => {
        const { id, token } = await register();
        const device = make(id, token, doomed);
        await device.connect();
        ACKNOWLEDGES_ONE[transport as keyof typeof TRANSPORTS](device);
        await isAt(id, [on(transport, doomed)]);
        const sent = [await send(id)];
        await acknowledged(sent[0]!);
        sent.push(await send(id));
        expect(await device.expect(2)).toEqual(sent);
        return { id, token, transport, make, device, sent };
      }),
    );
    expect(await doomed.end('SIGKILL')).toBe(false);
    for (const { id, sent } of cases) sent.push(await send(id));

    await Promise.all(
      cases.map(async ({ id, token, transport, make, device, sent }) => {
        const again = make(id, token, first);
        await again.connect();
        expect(await again.expect(2)).toEqual(sent.slice(1));
        await Promise.all(sent.map(acknowledged));
        await isAt(id, [on(transport, first)]);
        sent.push(await send(id));
        expect(await again.expect(3)).toEqual(sent.slice(1));
        await again.disconnect();
        await device.disconnect();
      }),
    );
    // Who did not come back is soon known to be away, though nobody said good-bye for it.
    await isAt(lost.id, []);
    await stays.disconnect();
  });
});

describe('when no worker runs', () => {
  it('what is accepted meanwhile is delivered as soon as one starts, once', async () => {
    const cases = await Promise.all(
      Object.values(TRANSPORTS).map(async (make, i) => {
        const { id, token } = await register();
        return make(id, token, i % 2 ? first : second);
      }),
    );
    await Promise.all(cases.map((device) => device.connect()));
    await worker.end('SIGKILL');
    const ids = cases.map(({ credentials }) => credentials.id);
    const all = await rest.send({ audience: { any: ids.map((device) => ({ device })) } });
    const later = await rest.send({
      audience: { device: ids[0] },
      at: new Date(Date.now() + 500).toISOString(),
    });
    const cancelled = await send(ids[1]!);
    expect((await rest.post(`/v1/notifications/${cancelled}/cancel`)).status).toBeLessThan(300);
    expect((await rest.get(`/v1/notifications/${all}`)).body.status).toBe('accepted');
    await until(
      'the later one is due',
      async () => (await rest.get(`/v1/notifications/${later}`)).body.status === 'accepted',
    );
    expect(cases.flatMap((device) => device.ids)).toEqual([]);

    worker = await installation.start('worker');
    expect((await cases[0]!.expect(2)).sort()).toEqual([all, later].sort());
    for (const device of cases.slice(1)) expect(await device.expect(1)).toEqual([all]);
    await until(
      'all receipts',
      () => counts(all),
      ({ acknowledged: n, pending }) => n === 3 && pending === 0,
    );
    expect((await rest.get(`/v1/notifications/${cancelled}`)).body.status).toBe('cancelled');
    await Promise.all(cases.map((device) => device.disconnect()));
  });
});
