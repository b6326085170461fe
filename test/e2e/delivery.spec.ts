import { Installation, type GatewayProcess } from '../support/gateway.js';
import { MqttDevice, PollDevice, type TestDevice, XmppDevice } from '../support/devices.js';
import { Rest } from '../support/rest.js';
import { until } from '../support/until.js';

/** Every transport × every kind of audience × a device that is online or comes later. */
const installation = new Installation();
let gateway: GatewayProcess;
let rest: Rest;

beforeAll(async () => {
  gateway = await installation.start('all-in-one');
  rest = new Rest(gateway.url('HTTP'), installation.adminKey);
});
afterAll(() => installation.end());

const TRANSPORTS = {
  mqtt: (id: string, token: string) => new MqttDevice({ id, token }, { url: gateway.url('MQTT') }),
  'mqtt over TLS': (id: string, token: string) =>
    new MqttDevice({ id, token }, { url: gateway.url('MQTT TLS'), rejectUnauthorized: false }),
  'mqtt over WebSocket': (id: string, token: string) =>
    new MqttDevice(
      { id, token },
      { url: `${gateway.url('HTTP').replace('http', 'ws')}/mqtt`, protocolVersion: 5 },
    ),
  xmpp: (id: string, token: string) => new XmppDevice({ id, token }, { service: gateway.url('XMPP') }),
  'xmpp over TLS': (id: string, token: string) =>
    new XmppDevice({ id, token }, { service: gateway.url('XMPP TLS') }),
  poll: (id: string, token: string) => new PollDevice({ id, token }, gateway.url('HTTP')),
} as const;

/** Around the antimeridian, each case some way from the others. */
const place = (n: number) => ({ lat: -60 + n, lon: 179.999 });

let serial = 0;
interface Case {
  readonly device: object;
  readonly audience: object;
  readonly setUp?: (id: string) => Promise<unknown>;
}
const AUDIENCES: Record<string, (id: string) => Case> = {
  device: (id) => ({ device: {}, audience: { device: id } }),
  user: (id) => ({ device: { user: `user-of-${id}` }, audience: { user: `user-of-${id}` } }),
  'group by device': (id) => ({
    device: {},
    audience: { group: `g-${id}` },
    setUp: () => rest.put(`/v1/groups/g-${id}/members/devices/${id}`),
  }),
  'group by user': (id) => ({
    device: { user: `user-of-${id}` },
    audience: { group: `g-${id}` },
    setUp: () => rest.put(`/v1/groups/g-${id}/members/users/user-of-${id}`),
  }),
  tag: (id) => ({ device: { tags: [`t-${id}`] }, audience: { tag: `t-${id}` } }),
  area: () => {
    const n = serial;
    return {
      device: { position: place(n) },
      audience: { area: { circle: { ...place(n), lon: -179.999, radius: 5_000 } } },
    };
  },
  'all, any and not': (id) => ({
    device: { tags: [`t-${id}`, 'loud'], user: `user-of-${id}` },
    audience: {
      all: [
        { any: [{ tag: `t-${id}` }, { tag: 'nobody' }] },
        { not: { tag: 'muted' } },
        { not: { user: 'someone' } },
      ],
    },
  }),
};

async function acknowledged(id: string): Promise<void> {
  await until(
    `the receipt of ${id}`,
    async () => (await rest.get(`/v1/notifications/${id}`)).body,
    (seen) => seen.counts?.acknowledged === 1 && seen.counts?.pending === 0 && seen.status === 'sent',
  );
}

async function prepare(make: (id: string, token: string) => TestDevice, audience: (id: string) => Case) {
  const id = `d-${++serial}`;
  const { device, audience: whom, setUp } = audience(id);
  const target = make(id, await rest.register(id, device));
  await setUp?.(id);
  return { target, whom };
}

describe.each(Object.entries(TRANSPORTS))('over %s', (transport, make) => {
  const kinds = Object.entries(AUDIENCES).filter(
    ([kind]) => !transport.includes('over') || kind === 'device',
  );

  it.each(kinds)('a notification by %s reaches a device that is online', async (_, audience) => {
    const { target, whom } = await prepare(make, audience);
    await target.connect();
    const sent = await rest.send({ audience: whom, data: { n: serial } });
    expect(await target.expect(1)).toEqual([sent]);
    expect(target.received[0]).toMatchObject({ title: 'Test', kind: 'notification', data: { n: serial } });
    await acknowledged(sent);
    await target.disconnect();
  });

  it.each(kinds)('a notification by %s waits for a device that comes later', async (_, audience) => {
    const { target, whom } = await prepare(make, audience);
    const sent = [
      await rest.send({ audience: whom }),
      await rest.send({ audience: whom, kind: 'message', data: {} }),
    ];
    await until(
      'the second is sent',
      async () => (await rest.get(`/v1/notifications/${sent[1]}`)).body.status,
      (status) => status === 'sent',
    );
    await target.connect();
    expect(await target.expect(2)).toEqual(sent);
    await Promise.all(sent.map(acknowledged));
    await target.disconnect();
  });
});
