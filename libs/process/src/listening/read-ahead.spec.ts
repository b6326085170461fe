import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ReadAhead, readAhead } from './read-ahead.js';

/** Until a semicolon, which is used up with what stands before it. */
const upToSemicolon = (bytes: Buffer) => {
  const end = bytes.indexOf(';');
  return end === -1 ? undefined : { found: bytes.toString('utf8', 0, end), used: end + 1 };
};

let server: Server;
let client: Socket;
let socket: Socket;
let result: Promise<ReadAhead<string>>;

beforeEach(async () => {
  server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  [socket] = (await once(server, 'connection')) as [Socket];
  result = new Promise((resolve) => readAhead(socket, 300, upToSemicolon, resolve));
});
afterEach(() => {
  client.destroy();
  socket.destroy();
  server.close();
});

it('leaves what follows in the socket, be it in the same piece', async () => {
  client.end('header;body;rest');
  expect(await result).toEqual({ found: 'header' });
  expect(await text(socket)).toBe('body;rest');
});

it('takes the header in single bytes, and what comes later flows', async () => {
  for (const byte of 'header;') {
    client.write(byte);
    await sleep(2);
  }
  expect(await result).toEqual({ found: 'header' });
  const chunks: string[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk.toString()));
  client.write('body');
  await once(socket, 'data');
  expect(chunks).toEqual(['body']);
});

it('has an end, however slowly bytes come', async () => {
  const trickle = setInterval(() => client.write('x'), 20);
  expect(await result).toEqual({ failed: 'timeout' });
  clearInterval(trickle);
});

it.each(['end', 'destroy'] as const)('says when the peer goes (%s)', async (how) => {
  client.write('hea', () => client[how]());
  expect(await result).toEqual({ failed: 'ended' });
});
