/**
 * `npm run demo`: a fresh all-in-one on free ports, four devices over three transports, and what a business would send:
 * to a user, to a group, to an area, and for five seconds later. Exits 0 only if every delivery that was expected came
 * exactly once and has its receipt.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { mqttDevice, pollDevice, trustSelfSigned, xmppDevice } from './demo-devices.mjs';
import { startAllInOne } from './demo-gateway.mjs';
import { printTable } from './demo-table.mjs';

const RECEIPT_LIMIT_MS = 10_000;
const SHANGHAI = { lat: 31.2304, lon: 121.4737 };
const PARIS = { lat: 48.8566, lon: 2.3522 };

export async function runDemo() {
  trustSelfSigned();
  const gateway = await startAllInOne();
  try {
    return await play(gateway);
  } finally {
    await gateway.stop();
  }
}

/** @returns {Promise<boolean>} whether all went as expected */
export async function play({ urls, adminKey }, later = 5) {
  const api = restClient(urls.HTTP, adminKey);
  /** @type {{ device: string, id: string, at: number }[]} */
  const arrivals = [];
  const devices = await connectDevices(api, urls, arrivals);
  console.log(
    'alice has a phone (mqtt) and a tablet (xmpp), bob a phone (long-poll), carol a phone (mqtt) that is off.',
  );
  const sent = await sendAll(api, later);
  console.log('All sent. Now carol switches her phone on.');
  await devices.get('carol-phone').connect();
  const rows = await collect(api, sent, arrivals, devices, later);
  await Promise.all([...devices.values()].map((device) => device.close()));
  printTable(rows);
  const failed = rows.filter((row) => !row.ok);
  console.log(
    failed.length === 0
      ? 'Every delivery arrived exactly once and has its receipt.'
      : `${failed.length} of ${rows.length} deliveries went wrong.`,
  );
  return failed.length === 0;
}

async function connectDevices(api, urls, arrivals) {
  const plan = [
    { id: 'alice-phone', make: mqttDevice, record: { user: 'alice', position: SHANGHAI } },
    { id: 'alice-tablet', make: xmppDevice, record: { user: 'alice', position: PARIS } },
    { id: 'bob-phone', make: pollDevice, record: { user: 'bob', position: SHANGHAI } },
    { id: 'carol-phone', make: mqttDevice, record: { user: 'carol', position: PARIS } },
  ];
  const devices = new Map();
  for (const { id, make, record } of plan) {
    const { token } = await api('PUT', `/v1/devices/${id}`, record);
    const onPush = (envelope) => arrivals.push({ device: id, id: envelope.id, at: Date.now() });
    devices.set(id, make({ id, token }, urls, onPush));
    if (id !== 'carol-phone') await devices.get(id).connect();
  }
  await api('PUT', '/v1/groups/team/members/users/bob');
  await api('PUT', '/v1/groups/team/members/users/carol');
  for (const id of ['alice-phone', 'alice-tablet', 'bob-phone']) await online(api, id);
  return devices;
}

/** Until the gateway knows the device as connected. */
async function online(api, id) {
  while (!(await api('GET', `/v1/devices/${id}/presence`)).online) await sleep(50);
}

async function sendAll(api, later) {
  const at = new Date(Date.now() + later * 1_000);
  const near = { area: { circle: { ...SHANGHAI, radius: 10_000 } } };
  const cases = [
    { name: 'to user alice', audience: { user: 'alice' }, expected: ['alice-phone', 'alice-tablet'] },
    { name: 'to group team', audience: { group: 'team' }, expected: ['bob-phone', 'carol-phone'] },
    { name: '10 km around Shanghai', audience: near, expected: ['alice-phone', 'bob-phone'] },
    {
      name: `to alice and bob in ${later} s`,
      audience: { user: ['alice', 'bob'] },
      at: at.toISOString(),
      expected: ['alice-phone', 'alice-tablet', 'bob-phone'],
    },
  ];
  const sent = [];
  for (const { name, expected, ...notification } of cases) {
    const due = notification.at ? at.getTime() : Date.now();
    const { id } = await api('POST', '/v1/notifications', {
      title: name,
      body: 'Carillon calls',
      ...notification,
    });
    sent.push({ name, id, expected, due });
  }
  return sent;
}

/** One row an expected delivery, and one for each that nobody expected. */
async function collect(api, sent, arrivals, devices, later) {
  const deadline = Date.now() + later * 1_000 + RECEIPT_LIMIT_MS;
  const wanted = sent.flatMap((each) => each.expected.map((device) => ({ ...each, device })));
  const receipts = [];
  for (const { id, device } of wanted) receipts.push(await receiptOf(api, id, device, deadline));
  // Long enough for one too many to show.
  await sleep(500);
  const expected = new Set(wanted.map(({ id, device }) => `${id} ${device}`));
  const strays = arrivals.filter(({ id, device }) => !expected.has(`${id} ${device}`));
  return [
    ...wanted.map((each, i) => row(each, receipts[i], arrivals, devices)),
    ...strays.map(({ id, device }) => ({
      notification: id,
      device,
      transport: devices.get(device).transport,
      latency: '',
      receipt: 'not expected',
      ok: false,
    })),
  ];
}

function row({ name, id, due, device }, receipt, arrivals, devices) {
  const seen = arrivals.filter((arrival) => arrival.id === id && arrival.device === device);
  const wasOff = device === 'carol-phone' ? ' (was off)' : '';
  return {
    notification: name,
    device,
    transport: devices.get(device).transport,
    latency: seen.length === 0 ? 'never' : `${seen[0].at - due} ms${wasOff}`,
    receipt: seen.length > 1 ? `${receipt}, ${seen.length} times` : receipt,
    ok: seen.length === 1 && receipt.startsWith('acknowledged') && seen[0].at >= due,
  };
}

async function receiptOf(api, id, device, deadline) {
  for (;;) {
    const delivery = await api('GET', `/v1/notifications/${id}/deliveries/${device}`).catch(() => undefined);
    const last = delivery?.steps?.at(-1);
    if (last?.state === 'acknowledged') return `acknowledged (${last.detail})`;
    if (Date.now() > deadline) return delivery?.state ?? 'none';
    await sleep(50);
  }
}

function restClient(baseUrl, key) {
  return async (method, path, body) => {
    const answer = await fetch(baseUrl + path, {
      method,
      headers: { authorization: `Bearer ${key}`, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  };
}
