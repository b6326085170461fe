import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';

/** A server that listens on a port and nothing else. */
export async function listening(server: Server = createServer()): Promise<{ server: Server; port: number }> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}

/** A loopback port that nobody listens on, for now. */
export async function freePort(): Promise<number> {
  const { server, port } = await listening();
  server.close();
  await once(server, 'close');
  return port;
}
