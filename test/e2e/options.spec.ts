import { MqttDevice, PollDevice, XmppDevice } from '../support/devices.js';
import { Installation, type GatewayProcess } from '../support/gateway.js';
import { Rest } from '../support/rest.js';
import { until } from '../support/until.js';

/** What a send can ask for beyond whom and what, seen by real clients. */
const installation = new Installation();
let gateway: GatewayProcess;
let rest: Rest;
beforeAll(async () => {
  gateway = await installation.start('all-in-one');
  rest = new Rest(gateway.url('HTTP'), installation.adminKey);
});
afterAll(() => installation.end());

let serial = 0;
const register = async () => {
  const id = `device-${++serial}`;
  return { id, token: await rest.register(id) };
};
const mqttDevice = async (options: object = {}) =>
  new MqttDevice(await register(), { url: gateway.url('MQTT'), ...options });
const counts = async (id: string) => (await rest.get(`/v1/notifications/${id}`)).body.counts;
const reaches = (id: string, wanted: object) =>
  until(
    `${id} reaches ${JSON.stringify(wanted)}`,
    () => counts(id),
    (seen) => Object.entries(wanted).every(([state, n]) => seen[state] === n),
  );
const why = async (device: string, notification: string) =>
  (await rest.get(`/v1/devices/${device}/explain?notification=${notification}`)).body;

describe('priority', () => {
  it.each(['mqtt', 'poll'] as const)('high goes past normal ones that wait, over %s', async (kind) => {
    const credentials = await register();
    const send = (title: string, priority: string) =>
      rest.send({ audience: { device: credentials.id }, title, priority });
    const normal = [];
    for (let i = 0; i < 3; i++) normal.push(await send(`n${i}`, 'normal'));
    const high = [];
    for (let i = 0; i < 6; i++) high.push(await send(`h${i}`, 'high'));
    for (const id of [...normal, ...high]) await reaches(id, { queued: 1 });
    const device =
      kind === 'mqtt'
        ? new MqttDevice(credentials, {
            url: gateway.url('MQTT'),
            protocolVersion: 5,
            properties: { receiveMaximum: 1 },
          })
        : new PollDevice(credentials, gateway.url('HTTP'));
    await device.connect();
    await device.expect(9);
    expect(device.received.map(({ title }) => title)).toEqual([
      'h0',
      'h1',
      'h2',
      'h3',
      'n0',
      'h4',
      'h5',
      'n1',
      'n2',
    ]);
    for (const id of [...normal, ...high]) await reaches(id, { acknowledged: 1, pending: 0 });
    const live = await send('at once', 'high');
    await device.expect(10);
    expect(device.ids.at(-1)).toBe(live);
    await device.disconnect();
  });
});

describe('recall', () => {
  it('withdraws what waits, and tells whoever has it', async () => {
    const device = await mqttDevice();
    const xmpp = new XmppDevice(await register(), { service: gateway.url('XMPP') });
    const absent = await register();
    await Promise.all([device.connect(), xmpp.connect()]);
    const audience = { device: [device.credentials.id, xmpp.credentials.id, absent.id] };
    const id = await rest.send({ audience });
    await reaches(id, { acknowledged: 2, pending: 1 });
    const recall = await rest.post(`/v1/notifications/${id}/recall`);
    expect(recall).toMatchObject({ status: 200, body: { id, status: 'recalled', withdrawn: 1, told: 2 } });
    for (const each of [device, xmpp]) {
      await each.expect(2);
      expect(each.received[1]).toMatchObject({ kind: 'recall', recalls: id, id: recall.body.recallId });
    }
    expect(await counts(id)).toMatchObject({ queued: 3, acknowledged: 2, recalled: 1, pending: 0 });
    await reaches(recall.body.recallId, { queued: 2, acknowledged: 2 });
    const again = await rest.post(`/v1/notifications/${id}/recall`);
    expect(again.body).toEqual(recall.body);
    const late = new PollDevice(absent, gateway.url('HTTP'));
    expect(((await (await late.poll()).json()) as { notifications: unknown[] }).notifications).toEqual([]);
    expect((await why(absent.id, id)).why[0]).toMatch(/^It was recalled at/);
    expect((await rest.post(`/v1/notifications/${recall.body.recallId}/recall`)).status).toBe(409);
    expect((await rest.post(`/v1/notifications/${id}/cancel`)).status).toBe(409);
    await Promise.all([device.disconnect(), xmpp.disconnect()]);
  });

  it('keeps a scheduled one from ever being sent', async () => {
    const { id: device } = await register();
    const id = await rest.send({ audience: { device }, at: new Date(Date.now() + 1_500).toISOString() });
    expect((await rest.post(`/v1/notifications/${id}/recall`)).body).toMatchObject({ withdrawn: 0, told: 0 });
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expect((await rest.get(`/v1/notifications/${id}`)).body).toMatchObject({
      status: 'recalled',
      counts: { queued: 0 },
    });
  });

  it('takes back all of a fan-out that is under way', async () => {
    const ids = await Promise.all(Array.from({ length: 40 }, () => register()));
    await rest.post('/v1/groups/many/members', { devices: ids.map(({ id }) => id) });
    const id = await rest.send({ audience: { group: 'many' } });
    expect((await rest.post(`/v1/notifications/${id}/recall`)).status).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const seen = await counts(id);
    expect(seen).toMatchObject({ pending: 0, recalled: seen.queued });
  });
});

describe('replaces', () => {
  it('is told to devices that have the former, and takes its place where it waits', async () => {
    const device = await mqttDevice();
    const absent = await register();
    await device.connect();
    const audience = { device: [device.credentials.id, absent.id] };
    const old = await rest.send({ audience, title: 'old' });
    await device.expect(1);
    const fresh = await rest.send({ audience, title: 'new', replaces: old });
    await device.expect(2);
    expect(device.received[1]).toMatchObject({ id: fresh, replaces: old });
    await reaches(old, { acknowledged: 1, collapsed: 1 });
    await reaches(fresh, { acknowledged: 1, pending: 1 });
    expect((await why(absent.id, old)).why[0]).toMatch(/^A newer one took its place/);
    await device.disconnect();
  });
});

describe('requireAck', () => {
  it('does not take a write at QoS 0 for an acknowledgement', async () => {
    const device = await mqttDevice({ qos: 0 });
    const audience = { device: device.credentials.id };
    await device.connect();
    const plain = await rest.send({ audience });
    const strict = await rest.send({ audience, requireAck: true });
    await device.expect(2);
    await reaches(plain, { acknowledged: 1 });
    await reaches(strict, { written: 1, acknowledged: 0, pending: 1 });
    await device.report({ type: 'displayed', id: strict });
    await reaches(strict, { acknowledged: 1, displayed: 1, pending: 0 });
    expect(device.ids).toEqual([plain, strict]);
    await device.disconnect();
  });

  it('tries the other connections when the first does not acknowledge in time', async () => {
    const credentials = await register();
    const xmpp = new XmppDevice(credentials, { service: gateway.url('XMPP') });
    const areConnected = (count: number) =>
      until(
        `${count} are connected`,
        async () => (await rest.get(`/v1/devices/${credentials.id}/presence`)).body.connections.length,
        (n) => n === count,
      );
    await xmpp.connect();
    await areConnected(1);
    // The newest is the first to be tried.
    const silent = new MqttDevice(credentials, { url: gateway.url('MQTT'), mute: true });
    await silent.connect();
    await areConnected(2);
    const id = await rest.send({ audience: { device: credentials.id }, requireAck: true, fallbackAfter: 1 });
    await reaches(id, { written: 1 });
    expect(xmpp.received).toHaveLength(0);
    await xmpp.expect(1);
    await reaches(id, { acknowledged: 1, pending: 0 });
    const { body } = await rest.get(`/v1/notifications/${id}/deliveries/${credentials.id}`);
    expect(
      body.steps.map((step: { state: string; transport?: string }) => [step.state, step.transport]),
    ).toEqual([
      ['queued', undefined],
      ['written', 'mqtt'],
      ['acknowledged', 'xmpp'],
    ]);
    expect(body.steps[1].edge).toMatch(/^all-in-one-/);
    await Promise.all([xmpp.disconnect(), silent.disconnect()]);
  });
});

describe('deliveries and explanations', () => {
  it('say what became of each', async () => {
    const device = await mqttDevice();
    const others = await Promise.all(Array.from({ length: 30 }, () => register()));
    await device.connect();
    const audience = { device: [device.credentials.id, ...others.map(({ id }) => id)] };
    const id = await rest.send({ audience });
    await reaches(id, { acknowledged: 1, queued: 31 });
    const seen = new Map<string, string>();
    for (let cursor = ''; ;) {
      const { body } = await rest.get(`/v1/notifications/${id}/deliveries?limit=7${cursor}`);
      for (const { deviceId, state } of body.deliveries) {
        expect(seen.has(deviceId)).toBe(false);
        seen.set(deviceId, state);
      }
      if (!body.next) break;
      cursor = `&cursor=${body.next}`;
    }
    expect([...seen.keys()].sort()).toEqual([...audience.device].sort());
    const acknowledged = await rest.get(`/v1/notifications/${id}/deliveries?state=acknowledged`);
    expect(acknowledged.body.deliveries.map(({ deviceId }: { deviceId: string }) => deviceId)).toEqual([
      device.credentials.id,
    ]);
    const one = await rest.get(`/v1/notifications/${id}/deliveries?device=${others[0]!.id}&state=queued`);
    expect(one.body.deliveries).toHaveLength(1);
    expect(await why(device.credentials.id, id)).toMatchObject({ arrived: true, state: 'acknowledged' });
    expect(await why(others[0]!.id, id)).toMatchObject({
      arrived: false,
      state: 'queued',
      why: [expect.stringMatching(/^It waits/), 'The device is not connected.'],
    });
    const stranger = await register();
    expect((await why(stranger.id, id)).why).toEqual(['The device was not in the audience.']);
    await device.disconnect();
  });

  it('count what a dry run would reach, and send nothing', async () => {
    const device = await mqttDevice();
    const absent = await register();
    await device.connect();
    const request = { audience: { device: [device.credentials.id, absent.id] }, title: 'T', dryRun: true };
    await until(
      'the device is online',
      async () => (await rest.post('/v1/notifications', request)).body,
      (body) => body.online === 1,
    );
    expect(await rest.post('/v1/notifications', request)).toMatchObject({
      status: 200,
      body: { dryRun: true, devices: 2, online: 1, complete: true },
    });
    expect((await rest.post('/v1/notifications', { ...request, audience: {} })).status).toBe(400);
    expect(device.received).toHaveLength(0);
    await device.disconnect();
  });
});
