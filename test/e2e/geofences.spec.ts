import { Installation, type GatewayProcess } from '../support/gateway.js';
import { MqttDevice, PollDevice, XmppDevice } from '../support/devices.js';
import { Rest } from '../support/rest.js';
import { until } from '../support/until.js';

const installation = new Installation();
let gateway: GatewayProcess;
let rest: Rest;

beforeAll(async () => {
  gateway = await installation.start('all-in-one');
  rest = new Rest(gateway.url('HTTP'), installation.adminKey);
});
afterAll(() => installation.end());

const fence = {
  area: { box: { south: 10, west: 10, north: 11, east: 11 } },
  triggers: ['enter', 'exit'],
  notification: { title: 'Here', data: { shop: 7 } },
};

it('sends something to devices of every transport that come and go, once a visit', async () => {
  expect((await rest.put('/v1/geofences/shop-7', fence)).status).toBe(201);
  expect((await rest.put('/v1/geofences/shop-7', fence)).status).toBe(200);
  const token = async (id: string) => rest.register(id, {});
  const devices = [
    new MqttDevice({ id: 'g-mqtt', token: await token('g-mqtt') }, { url: gateway.url('MQTT') }),
    new XmppDevice({ id: 'g-xmpp', token: await token('g-xmpp') }, { service: gateway.url('XMPP') }),
    new PollDevice({ id: 'g-poll', token: await token('g-poll') }, gateway.url('HTTP')),
  ];
  for (const device of devices) {
    await device.connect();
    await device.report({ type: 'location', lat: 10.5, lon: 10.5 });
    expect(await device.expect(1)).toHaveLength(1);
    await device.report({ type: 'location', lat: 10.6, lon: 10.5 });
    await device.report({ type: 'location', lat: 12, lon: 10.5 });
    const both = await device.expect(2);
    expect(new Set(both).size).toBe(2);
    const { body } = await rest.get(`/v1/notifications/${both[0]!}`);
    expect(body).toMatchObject({ title: 'Here', data: { shop: 7 }, counts: { queued: 1 } });
  }
  await Promise.all(devices.map((device) => device.disconnect()));
});

it('looks at positions that a backend says, and gives everything that is kept of a device', async () => {
  await rest.register('g-rest', { keepPositions: true });
  const go = (lat: number, at: string) => rest.put('/v1/devices/g-rest/position', { lat, lon: 10.5, at });
  expect((await go(10.5, '2026-05-01T09:00:00Z')).status).toBe(200);
  expect((await go(9, '2026-05-01T08:00:00Z')).body).toMatchObject({ lat: 10.5 });
  const exported = async () => (await rest.get('/v1/devices/g-rest/export')).body;
  await until('the visit', exported, ({ visits, inbox }) => visits.length === 1 && inbox.length === 1);
  expect(await exported()).toMatchObject({
    device: { id: 'g-rest', keepPositions: true },
    positions: [{ lat: 10.5, lon: 10.5, at: '2026-05-01T09:00:00.000Z' }],
    visits: [{ geofence: 'shop-7', since: '2026-05-01T09:00:00.000Z' }],
    lists: [],
    connections: [],
  });
  expect((await rest.call('DELETE', '/v1/devices/g-rest/positions')).status).toBe(204);
  expect(await exported()).toMatchObject({ positions: [], visits: [] });
  expect((await exported()).device).not.toHaveProperty('position');
});

it('refuses what is no fence, with every place', async () => {
  const bad = { ...fence, triggers: ['arrive'], hysteresis: -1, notification: {} };
  const { status, body } = await rest.put('/v1/geofences/bad', bad);
  expect(status).toBe(400);
  expect(body.faults.map(({ pointer }: { pointer: string }) => pointer).sort()).toEqual([
    '/hysteresis',
    '/triggers',
  ]);
  const open = [
    [0, 0],
    [1, 0],
    [1, 1],
    [0, 2],
  ];
  const shape = await rest.put('/v1/geofences/bad', {
    ...fence,
    area: { geojson: { type: 'Polygon', coordinates: [open] } },
  });
  expect(shape.body.faults[0].pointer).toBe('/area/geojson/coordinates/0/3');
  const empty = await rest.put('/v1/geofences/bad', { ...fence, notification: { ttl: 5 } });
  expect(empty.body.faults[0].pointer).toBe('/notification/title');
  expect((await rest.get('/v1/geofences')).body.geofences.map(({ id }: { id: string }) => id)).toEqual([
    'shop-7',
  ]);
  expect((await rest.call('DELETE', '/v1/geofences/shop-7')).status).toBe(204);
  expect((await rest.get('/v1/geofences/shop-7')).status).toBe(404);
});
