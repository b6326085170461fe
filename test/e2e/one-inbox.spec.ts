import { Installation, type GatewayProcess } from '../support/gateway.js';
import { MqttDevice, PollDevice, XmppDevice } from '../support/devices.js';
import { Rest } from '../support/rest.js';
import { until } from '../support/until.js';

/** One device, one inbox, whichever protocol it uses today. */
const installation = new Installation();
let gateway: GatewayProcess;
let rest: Rest;
let serial = 0;

beforeAll(async () => {
  gateway = await installation.start('all-in-one');
  rest = new Rest(gateway.url('HTTP'), installation.adminKey);
});
afterAll(() => installation.end());

async function device(record: object = {}) {
  const id = `one-${++serial}`;
  const token = await rest.register(id, record);
  const credentials = { id, token };
  return {
    id,
    mqtt: (more = {}) => new MqttDevice(credentials, { url: gateway.url('MQTT'), ...more }),
    xmpp: () => new XmppDevice(credentials, { service: gateway.url('XMPP') }),
    poll: (acknowledges = true) => new PollDevice(credentials, gateway.url('HTTP'), acknowledges),
  };
}

const stateOf = async (notification: string, id: string): Promise<string> =>
  (await rest.get(`/v1/notifications/${notification}/deliveries/${id}`)).body.state;
const becomes = (notification: string, id: string, state: string) =>
  until(
    `the delivery to ${id} is ${state}`,
    () => stateOf(notification, id),
    (seen) => seen === state,
  );

interface Page {
  readonly notifications: { readonly id: string; readonly seq: number }[];
  readonly cursor: string;
}
const pageOf = async (phone: PollDevice, wait: number, after?: string): Promise<Page> =>
  (await (await phone.poll(wait, after)).json()) as Page;

describe('the same inbox on all transports', () => {
  it('does not repeat over long-poll what was acknowledged over MQTT', async () => {
    const { id, mqtt, poll } = await device();
    const phone = mqtt();
    await phone.connect();
    const sent = await rest.send({ audience: { device: id } });
    expect(await phone.expect(1)).toEqual([sent]);
    await becomes(sent, id, 'acknowledged');
    await phone.disconnect();
    const page = await pageOf(poll(), 0);
    expect(page).toMatchObject({ notifications: [] });
  });

  it('brings again over XMPP and long-poll what was not acknowledged over MQTT', async () => {
    const { id, mqtt, xmpp, poll } = await device();
    const mute = mqtt({ mute: true });
    let written: string | undefined;
    await mute.connect();
    mute.client.on('packetreceive', (packet) => {
      if (packet.cmd === 'publish') written = JSON.parse(packet.payload.toString()).id;
    });
    const sent = await rest.send({ audience: { device: id } });
    await until('it was written', () => written === sent);
    await becomes(sent, id, 'written');
    mute.cut();
    const polled = poll(false);
    expect((await pageOf(polled, 5)).notifications).toMatchObject([{ id: sent }]);
    const tablet = xmpp();
    await tablet.connect();
    expect(await tablet.expect(1)).toEqual([sent]);
    await becomes(sent, id, 'acknowledged');
    expect((await pageOf(polled, 0, '0')).notifications).toEqual([]);
    await tablet.disconnect();
  });

  it('repeats with DUP to a resumed MQTT session, unless another transport acknowledged it meanwhile', async () => {
    const { id, mqtt, poll } = await device();
    const mute = mqtt({ mute: true, clean: false });
    await mute.connect();
    const [first, second] = [
      await rest.send({ audience: { device: id } }),
      await rest.send({ audience: { device: id } }),
    ];
    await becomes(first!, id, 'written');
    await becomes(second!, id, 'written');
    mute.cut();
    expect(await poll().acknowledge({ ids: [first] })).toBe(204);
    const again = mqtt({ clean: false });
    const packets: { dup: boolean; id: string }[] = [];
    const connecting = again.connect();
    again.client.on('packetreceive', (packet) => {
      if (packet.cmd === 'publish')
        packets.push({ dup: packet.dup, id: JSON.parse(packet.payload.toString()).id });
    });
    await connecting;
    await becomes(second!, id, 'acknowledged');
    expect(packets).toEqual([{ dup: true, id: second }]);
    await again.disconnect();
  });

  it('keeps the order of sending over a reconnect', async () => {
    const { id, mqtt } = await device();
    const first = mqtt();
    await first.connect();
    const sent: string[] = [];
    for (let i = 0; i < 40; i++) sent.push(await rest.send({ audience: { device: id }, data: { i } }));
    await first.expect(1);
    first.cut();
    const rest2 = mqtt();
    await rest2.connect();
    for (let i = 0; i < 20; i++) sent.push(await rest.send({ audience: { device: id }, data: { i } }));
    await until('all have come', () => new Set([...first.ids, ...rest2.ids]).size === sent.length);
    const order = rest2.ids.map((each) => sent.indexOf(each));
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect([...new Set([...first.ids, ...rest2.ids])].sort()).toEqual([...sent].sort());
    await rest2.disconnect();
  });
});

describe('options', () => {
  it('takes over only the transports that are named', async () => {
    const { id, mqtt, poll } = await device();
    const phone = mqtt();
    await phone.connect();
    const sent = await rest.send({ audience: { device: id }, transports: ['poll'] });
    const after = await rest.send({ audience: { device: id } });
    expect(await phone.expect(1)).toEqual([after]);
    expect((await pageOf(poll(), 2)).notifications).toMatchObject([{ id: sent }]);
    await phone.disconnect();
  });

  it('replaces an undelivered notification with the same collapse key', async () => {
    const { id, mqtt } = await device();
    const [old, fresh] = [
      await rest.send({ audience: { device: id }, title: '1:0', collapseKey: 'score' }),
      await rest.send({ audience: { device: id }, title: '2:0', collapseKey: 'score' }),
    ];
    await becomes(old!, id, 'collapsed');
    const phone = mqtt();
    await phone.connect();
    expect(await phone.expect(1)).toEqual([fresh]);
    await phone.disconnect();
  });

  it('expires what nobody took in time, with a receipt', async () => {
    const { id, mqtt } = await device();
    const sent = await rest.send({ audience: { device: id }, ttl: 1 });
    await becomes(sent, id, 'expired');
    const phone = mqtt();
    await phone.connect();
    const next = await rest.send({ audience: { device: id } });
    expect(await phone.expect(1)).toEqual([next]);
    expect((await rest.get(`/v1/notifications/${sent}`)).body.counts).toMatchObject({
      queued: 1,
      expired: 1,
      pending: 0,
    });
    await phone.disconnect();
  });

  it('with ttl 0 reaches a device that is online, and expires for one that is not', async () => {
    const online = await device();
    const offline = await device();
    const phone = online.mqtt();
    await phone.connect();
    await until('presence', async () => (await rest.get(`/v1/devices/${online.id}/presence`)).body.online);
    const sent = await rest.send({ audience: { device: [online.id, offline.id] }, ttl: 0 });
    expect(await phone.expect(1)).toEqual([sent]);
    await becomes(sent, offline.id, 'expired');
    await becomes(sent, online.id, 'acknowledged');
    await phone.disconnect();
  });

  it('sends later, at the time, and not when cancelled', async () => {
    const { id, poll } = await device();
    const phone = poll();
    await phone.connect();
    const at = Date.now() + 1_500;
    const kept = await rest.send({ audience: { device: id }, at: new Date(at).toISOString() });
    const cancelled = await rest.send({ audience: { device: id }, at: new Date(at - 500).toISOString() });
    expect((await rest.get(`/v1/notifications/${kept}`)).body.status).toBe('scheduled');
    expect((await rest.post(`/v1/notifications/${cancelled}/cancel`)).body.status).toBe('cancelled');
    expect(await phone.expect(1)).toEqual([kept]);
    expect(phone.received[0]!.at).toBeGreaterThanOrEqual(at);
    expect(phone.received[0]!.at).toBeLessThan(at + 1_000);
    expect((await rest.get(`/v1/notifications/${cancelled}`)).body.status).toBe('cancelled');
    const late = await rest.post(`/v1/notifications/${kept}/cancel`);
    expect([late.status, late.body.code]).toEqual([409, 'not-cancellable']);
    await phone.disconnect();
  });
});

describe('long-poll', () => {
  it('answers 410 with the oldest cursor when the inbox has pushed out what comes next', async () => {
    const { id, poll } = await device();
    const phone = poll(false);
    const first = await rest.send({ audience: { device: id } });
    const page = await pageOf(phone, 5);
    expect(page.notifications).toMatchObject([{ id: first }]);
    const sends = Array.from({ length: 1_050 }, () => ({
      audience: { device: id },
      kind: 'message',
      data: {},
    }));
    const sent: string[] = [];
    for (let i = 0; i < sends.length; i += 50) {
      sent.push(...(await Promise.all(sends.slice(i, i + 50).map((each) => rest.send(each)))));
    }
    await Promise.all(
      sent.map((each) =>
        until(
          'it is deposited',
          () => stateOf(each, id),
          (state) => state !== undefined,
          40_000,
        ),
      ),
    );
    expect(await stateOf(first, id)).toBe('dropped');
    const answer = await until(
      'the cursor is too old',
      () => phone.poll(0, page.cursor),
      ({ status }) => status === 410,
    );
    const problem = (await answer.json()) as { code: string; oldestCursor: string };
    expect(problem).toMatchObject({ code: 'cursor-too-old' });
    const again = await phone.poll(0, problem.oldestCursor);
    expect(again.status).toBe(200);
  }, 60_000);

  it('holds an empty answer for as long as was asked, and acknowledges up to a cursor', async () => {
    const { id, poll } = await device();
    const phone = poll(false);
    const began = Date.now();
    expect((await pageOf(phone, 1)).notifications).toEqual([]);
    expect(Date.now() - began).toBeGreaterThanOrEqual(950);
    const sent = [
      await rest.send({ audience: { device: id } }),
      await rest.send({ audience: { device: id } }),
    ];
    await becomes(sent[1]!, id, 'queued').catch(() => undefined);
    const page = await pageOf(phone, 5);
    expect(await phone.acknowledge({ cursor: Number(page.notifications[0]!.seq) })).toBe(204);
    expect(await stateOf(sent[0]!, id)).toBe('acknowledged');
    expect((await pageOf(phone, 1, '0')).notifications).toMatchObject([{ id: sent[1] }]);
  });

  it.each([
    ['no credentials', {}, 401],
    ['a wrong token', { authorization: `Basic ${Buffer.from('one-1:wrong').toString('base64')}` }, 401],
  ])('refuses %s', async (_, headers, status) => {
    const answer = await fetch(`${gateway.url('HTTP')}/v1/inbox`, { headers });
    expect(answer.status).toBe(status);
    expect(answer.headers.get('www-authenticate')).toContain('Basic');
  });

  it('names a bad query', async () => {
    const { poll } = await device();
    const answer = await poll().poll(99);
    expect(answer.status).toBe(400);
    expect(JSON.stringify(await answer.json())).toContain('wait');
  });
});

describe('what devices report', () => {
  it.each(['mqtt', 'xmpp', 'poll'] as const)(
    'counts displayed and opened, and keeps the place, over %s',
    async (transport) => {
      const { id, mqtt, xmpp, poll } = await device();
      const phone = { mqtt, xmpp, poll }[transport]();
      await phone.connect();
      const sent = await rest.send({ audience: { device: id } });
      await phone.expect(1);
      await phone.report({ type: 'displayed', id: sent });
      await becomes(sent, id, 'displayed');
      await phone.report({ type: 'opened', id: sent });
      await becomes(sent, id, 'opened');
      await phone.report({ type: 'location', lat: 31.2, lon: 121.5 });
      await until(
        'the position',
        async () => (await rest.get(`/v1/devices/${id}`)).body.position,
        (position) => position?.lat === 31.2 && position.lon === 121.5,
      );
      const { body } = await rest.get(`/v1/notifications/${sent}`);
      expect(body.counts).toMatchObject({ queued: 1, acknowledged: 1, displayed: 1, opened: 1, pending: 0 });
      await phone.disconnect();
    },
  );
});
