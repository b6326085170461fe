import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { WebhookEvent } from '@carillon/domain';
import {
  RedisIdempotency,
  RedisPresence,
  RedisWebhooks,
  WEBHOOK_QUEUE_BOUNDS,
  WebhookQueue,
} from '@carillon/persistence';
import { devicesOf, DUMMY_CREDENTIALS, testRedisUrl, testStore, type TestStore } from '@carillon/testing';

/** A connection that ends when Redis has done a call and nobody has its answer: the client sends the call again. */
class LossyLine {
  private constructor(
    private readonly server: Server,
    private readonly sockets: Set<Socket>,
  ) {}

  losesNext = false;
  lost = 0;

  static async start(): Promise<LossyLine> {
    const { hostname, port } = new URL(testRedisUrl());
    const sockets = new Set<Socket>();
    const line = new LossyLine(createServer(), sockets);
    line.server.on('connection', (near) => {
      const far = connect(Number(port), hostname);
      for (const socket of [near, far]) {
        sockets.add(socket);
        socket.on('error', () => undefined);
      }
      near.pipe(far);
      far.on('data', (answer) => {
        if (!line.losesNext) return void near.write(answer);
        line.losesNext = false;
        line.lost++;
        near.destroy();
        far.destroy();
      });
    });
    line.server.listen(0, '127.0.0.1');
    await once(line.server, 'listening');
    return line;
  }

  get url(): string {
    const url = new URL(testRedisUrl());
    url.hostname = '127.0.0.1';
    url.port = String((this.server.address() as { port: number }).port);
    return url.href;
  }

  end(): void {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }
}

let line: LossyLine;
let test: TestStore;
beforeAll(async () => {
  line = await LossyLine.start();
  test = testStore(4, 1, [line.url]);
});
afterAll(async () => {
  await test.close();
  line.end();
});

it('webhook events are in one batch or another, though the answer to making a batch was lost', async () => {
  const webhook = {
    id: 'w1',
    app: 'default',
    url: 'http://127.0.0.1/',
    events: [],
    enabled: true,
    secret: 's',
    createdAt: 1,
    updatedAt: 1,
  };
  await new RedisWebhooks(test.store).create(webhook);
  const queue = new WebhookQueue(test.store, { ...WEBHOOK_QUEUE_BOUNDS, gatherMs: 0 });
  const events = Array.from({ length: 200 }, (_, i): WebhookEvent => ({
    id: `event-${i}`,
    type: 'delivery.queued',
    at: new Date(0).toISOString(),
    notificationId: 'n',
    count: 1,
  }));
  await queue.add(webhook.id, events, 1_000);
  line.losesNext = true;
  const claimed = [await queue.claim(webhook.id, 2_000, 100)];
  expect(line.lost).toBe(1);
  for (let batch; (batch = await queue.claim(webhook.id, 3_000, 100_000));) claimed.push(batch);
  const ids = claimed.flatMap((batch) => (JSON.parse(batch!.events) as WebhookEvent[]).map(({ id }) => id));
  expect([...new Set(ids)].sort()).toEqual(events.map(({ id }) => id).sort());
});

it('a request has its idempotency key, though the answer to its claim was lost', async () => {
  const idempotency = new RedisIdempotency(test.store);
  const claim = (token: string) =>
    idempotency.claim('default', { keyHash: 'k', digest: 'd' }, token, Date.now());
  const before = line.lost;
  line.losesNext = true;
  expect(await claim('own')).toEqual({ outcome: 'claimed' });
  expect(line.lost).toBe(before + 1);
  expect(await claim('other')).toEqual({ outcome: 'pending' });
});

it('a request that asks for its key again has it for longer, and for half a minute when it does not', async () => {
  const idempotency = new RedisIdempotency(test.store);
  const claim = async (token: string, at: number): Promise<string> =>
    (await idempotency.claim('default', { keyHash: 'long', digest: 'd' }, token, at)).outcome;
  expect(await claim('own', 0)).toBe('claimed');
  expect(await claim('own', 20_000)).toBe('claimed');
  expect(await claim('other', 45_000)).toBe('pending');
  expect(await claim('other', 50_001)).toBe('claimed');
});

describe('what Redis takes for connected', () => {
  const { tokenHash } = DUMMY_CREDENTIALS;
  const claim = (presence: RedisPresence, id: string) => presence.claim(id, tokenHash, 'mqtt', 'edge-1');
  let presence: RedisPresence;
  beforeEach(async () => {
    presence = new RedisPresence(test.store);
    for (const id of ['gone', 'held']) {
      await devicesOf(test.store)
        .create('default', id, {}, DUMMY_CREDENTIALS)
        .catch(() => undefined);
      await claim(presence, id);
    }
  });
  const isHeld = (id: string): boolean => id === 'held';
  const left = async () =>
    Promise.all(['gone', 'held'].map(async (id) => (await presence.connections(id)).length));

  it('is what the edge has, after Redis was away when a device left', async () => {
    const { client } = test.store;
    client.disconnect();
    await expect(presence.release('gone', 1)).rejects.toThrow('Connection is closed');
    await client.connect();
    expect(await presence.releaseUnheld('edge-1', isHeld)).toBe(1);
    expect(await left()).toEqual([0, 1]);
  });

  it('is not looked through while nothing is in doubt', async () => {
    expect(await presence.releaseUnheld('edge-1', isHeld)).toBe(0);
    expect(await left()).toEqual([1, 1]);
  });

  it('keeps a connection that is being claimed, and those of other edges', async () => {
    presence.doubt();
    expect(await presence.releaseUnheld('edge-2', isHeld)).toBe(0);
    presence.doubt();
    const held = new Set(['held']);
    const claimed = claim(presence, 'gone').then(() => held.add('gone'));
    const removed = await presence.releaseUnheld('edge-1', (id) => held.has(id));
    await claimed;
    expect(removed).toBe(0);
    expect(await left()).toEqual([1, 1]);
  });
});
