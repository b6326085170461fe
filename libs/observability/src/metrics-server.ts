import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Metrics } from './metrics.js';

/** `GET /metrics` on a port of its own, without a key. */
export class MetricsServer {
  readonly #metrics: Metrics;
  #server?: Server;

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
  }

  /** Resolves with the port; rejects with the system's error when it cannot be bound. */
  async listen(port: number, host: string): Promise<number> {
    const server = createServer((request, response) => void this.#answer(request, response));
    server.listen(port, host);
    await once(server, 'listening');
    this.#server = server;
    return (server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  }

  async #answer({ method, url }: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      if (url?.split('?')[0] !== '/metrics') return void response.writeHead(404).end();
      if (method !== 'GET' && method !== 'HEAD')
        return void response.writeHead(405, { allow: 'GET, HEAD' }).end();
      response.setHeader('content-type', this.#metrics.contentType);
      response.end(await this.#metrics.text());
    } catch {
      response.writeHead(500).end();
    }
  }
}
