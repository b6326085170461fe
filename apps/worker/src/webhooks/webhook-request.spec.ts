import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebhookAddresses } from '@carillon/domain';
import { WebhookRequests } from './webhook-request.js';

const servers: Server[] = [];
async function endpoint(listener: RequestListener): Promise<number> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
const local = new WebhookRequests(new WebhookAddresses(['127.0.0.0/8']), 300);
/** For answers that come, however slow the machine is. */
const patient = new WebhookRequests(new WebhookAddresses(['127.0.0.0/8']), 20_000);
const strict = new WebhookRequests(new WebhookAddresses([]), 300);
afterAll(() => {
  local.close();
  patient.close();
  strict.close();
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

it('posts, and tells the status', async () => {
  let got = '';
  const port = await endpoint((request, response) => {
    request.on('data', (chunk: Buffer) => (got += chunk.toString()));
    request.on('end', () => response.writeHead(201).end('fine'));
  });
  expect(await patient.post(`http://127.0.0.1:${port}/x`, { 'x-a': '1' }, '{"a":"ä"}')).toEqual({
    status: 201,
  });
  expect(got).toBe('{"a":"ä"}');
});

it('does not follow redirects', async () => {
  let reached = 0;
  const target = await endpoint((_, response) => {
    reached++;
    response.end();
  });
  const port = await endpoint((_, response) => {
    response.writeHead(307, { location: `http://127.0.0.1:${target}/` }).end();
  });
  expect(await patient.post(`http://127.0.0.1:${port}/`, {}, '{}')).toEqual({ status: 307 });
  expect(reached).toBe(0);
});

it.each([
  ['that says nothing', () => undefined],
  [
    'that answers byte by byte',
    (_: unknown, response: { write: (text: string) => void }) =>
      void setInterval(() => response.write('x'), 50).unref(),
  ],
])('gives up an endpoint %s', async (_, listener) => {
  const port = await endpoint(listener as RequestListener);
  expect(await local.post(`http://127.0.0.1:${port}/`, {}, '{}')).toEqual({
    error: 'no complete answer in time',
  });
});

it('reads no more of an endless answer than it must', async () => {
  let sent = 0;
  const port = await endpoint((_, response) => {
    const more = (): void => {
      while (!response.destroyed && response.write('x'.repeat(16_384))) sent += 16_384;
      if (!response.destroyed) response.once('drain', more);
    };
    more();
  });
  expect(await patient.post(`http://127.0.0.1:${port}/`, {}, '{}')).toEqual({ status: 200 });
  expect(sent).toBeLessThan(20_000_000);
});

it('refuses a name whose addresses may not be reached, when it connects', async () => {
  let reached = 0;
  const port = await endpoint((_, response) => {
    reached++;
    response.end();
  });
  const named = new WebhookRequests(new WebhookAddresses(['10.0.0.0/8']), 300);
  for (const requests of [strict, named]) {
    const { error } = (await requests.post(`https://localhost:${port}/`, {}, '{}')) as { error: string };
    expect(error).toBe('localhost has no address that webhooks may be posted to');
  }
  expect(await named.post(`http://localhost:${port}/`, {}, '{}')).toHaveProperty('error');
  expect(reached).toBe(0);
  named.close();
});

it('tells what went wrong with the connection', async () => {
  const port = await endpoint((request) => request.socket.destroy());
  expect(await local.post(`http://127.0.0.1:${port}/`, {}, '{}')).toHaveProperty('error');
});
