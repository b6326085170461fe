import { Installation, type GatewayProcess } from '../support/gateway.js';
import { MqttDevice, PollDevice, type TestDevice, XmppDevice } from '../support/devices.js';
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

const MAKERS: ((id: string, token: string) => TestDevice)[] = [
  (id, token) => new MqttDevice({ id, token }, { url: gateway.url('MQTT') }),
  (id, token) => new XmppDevice({ id, token }, { service: gateway.url('XMPP') }),
  (id, token) => new PollDevice({ id, token }, gateway.url('HTTP')),
];

it('everyone gets it once, over every transport, now or later, and the funnel adds up', async () => {
  const devices: TestDevice[] = [];
  for (let i = 0; i < 30; i++) {
    const token = await rest.register(`everyone-${i}`, { tags: [i % 2 ? 'odd' : 'even'] });
    devices.push(MAKERS[i % 3]!(`everyone-${i}`, token));
  }
  const early = devices.filter((_, i) => i % 2 === 0);
  const late = devices.filter((_, i) => i % 2 === 1);
  await Promise.all(early.map((device) => device.connect()));
  const all = await rest.send({ audience: { everyone: true } });
  const odd = await rest.send({ audience: { all: [{ everyone: true }, { not: { tag: 'even' } }] } });
  expect((await Promise.all(early.map((device) => device.expect(1)))).flat()).toEqual(early.map(() => all));
  await Promise.all(late.map((device) => device.connect()));
  for (const device of late) expect((await device.expect(2)).sort()).toEqual([all, odd].sort());
  const counts = async (id: string) => (await rest.get(`/v1/notifications/${id}`)).body.counts;
  await until(
    'all receipts',
    () => counts(all),
    ({ acknowledged }) => acknowledged === 30,
  );
  expect(await counts(all)).toMatchObject({
    queued: 30,
    written: 30,
    acknowledged: 30,
    pending: 0,
    failed: 0,
  });
  await until(
    'the odd receipts',
    () => counts(odd),
    ({ acknowledged }) => acknowledged === 15,
  );
  expect(await counts(odd)).toMatchObject({ queued: 15, acknowledged: 15, pending: 0 });
  await Promise.all(devices.map((device) => device.disconnect()));
});
