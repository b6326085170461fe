import type { Client } from '@xmpp/client';
import { Installation, type GatewayProcess } from '../support/gateway.js';
import { PollDevice, XmppDevice } from '../support/devices.js';
import { Rest } from '../support/rest.js';
import { until } from '../support/until.js';

/** XEP-0198 §5 over edges that come and go, with an unmodified @xmpp/client. */
const installation = new Installation();
let rest: Rest;
let second: GatewayProcess;

beforeAll(async () => {
  const [api, , edge] = await Promise.all(
    (['api', 'worker', 'edge'] as const).map((app) => installation.start(app)),
  );
  second = edge!;
  rest = new Rest(api!.url('HTTP'), installation.adminKey);
});
afterAll(() => installation.end());

/** The parts of @xmpp/client that its types leave out. */
interface Internals {
  options: { service: string };
  reconnect: { start(): void; delay: number };
  streamManagement: {
    inbound: number;
    enabled: boolean;
    once(event: 'resumed' | 'fail', then: () => void): void;
  };
  socket: { socket?: { destroy(): void } } | null;
}
const internals = (client: Client) => client as unknown as Internals;

const acknowledged = (id: string) =>
  until(
    `the receipt of ${id}`,
    async () => (await rest.get(`/v1/notifications/${id}`)).body.counts,
    (seen) => seen.acknowledged === 1 && seen.pending === 0,
  );

let serial = 0;
/** Online on an edge, with stream management, and from now on answering no request for acknowledgement. */
async function silentDevice(
  edge: GatewayProcess,
): Promise<{ device: XmppDevice; sm: Internals['streamManagement'] }> {
  const id = `resumer-${++serial}`;
  const token = await rest.register(id);
  const device = new XmppDevice({ id, token }, { service: edge.url('XMPP') });
  await device.connect();
  const sm = internals(device.client).streamManagement;
  await until('stream management', () => sm.enabled);
  await until('presence', async () => (await rest.get(`/v1/devices/${id}/presence`)).body.online);
  const send = device.client.send.bind(device.client);
  device.client.send = async (stanza, ...more) => {
    if (stanza.name !== 'a') await send(stanza, ...more);
  };
  return { device, sm };
}
const send = (device: XmppDevice) => rest.send({ audience: { device: device.credentials.id } });

/** Reconnects by itself, to that edge, as a client whose line was cut before it could read its last `unread` stanzas. */
async function resumesAt(
  edge: GatewayProcess,
  device: XmppDevice,
  unread: number,
  leave: () => unknown,
): Promise<void> {
  const client = internals(device.client);
  const resumed = new Promise<string>((resolve) => {
    client.streamManagement.once('resumed', () => resolve('resumed'));
    client.streamManagement.once('fail', () => resolve('failed'));
  });
  client.options.service = edge.url('XMPP');
  client.reconnect.delay = 1_500;
  client.reconnect.start();
  device.client.once('disconnect', () => {
    client.streamManagement.inbound -= unread;
    device.client.send = Object.getPrototypeOf(device.client).send.bind(device.client);
  });
  await leave();
  expect(await resumed).toBe('resumed');
}

describe('a device that resumes', () => {
  it.each([
    ['on the same edge, after its line was cut', 'second', undefined],
    ['on another edge, after its line was cut', 'first', undefined],
    ['on another edge, after the first was told to end', 'first', 'SIGTERM'],
    ['on another edge, after the first was killed', 'first', 'SIGKILL'],
  ] as const)('%s: gets exactly what it did not acknowledge, in order', async (_name, where, signal) => {
    const edge = where === 'second' ? second : await installation.start('edge');
    const { device } = await silentDevice(edge);
    const { id, token } = device.credentials;
    const sent = [await send(device), await send(device), await send(device), await send(device)];
    expect(await device.expect(4)).toEqual(sent);
    // What it gets and acknowledges elsewhere meanwhile is not for the resumption to repeat.
    const elsewhere = new PollDevice({ id, token }, second.url('HTTP'));

    await resumesAt(second, device, 3, async () => {
      if (signal) await edge.end(signal);
      else internals(device.client).socket?.socket?.destroy();
      expect(await elsewhere.acknowledge({ ids: [sent[2]] })).toBe(204);
      await acknowledged(sent[2]!);
      sent.push(await send(device));
    });
    // The first by the count, the third over long-poll.
    const again = [sent[1], sent[3], sent[4]];
    expect(await device.expect(7)).toEqual([...sent.slice(0, 4), ...again]);
    await Promise.all(sent.map(acknowledged));
    sent.push(await send(device));
    await device.expect(8);
    await acknowledged(sent[5]!);
    await device.disconnect();
    if (where === 'first') await edge.end('SIGKILL');
  });
});
