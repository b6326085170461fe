import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A TCP line to a listener, which can be cut while both ends stand. */
export class CuttableLine {
  private readonly sockets = new Set<Socket>();

  private constructor(private readonly server: Server) {}

  /** @param last with what the line is closed when somebody says it to the listener */
  static async to(url: string, last?: string): Promise<CuttableLine> {
    const { hostname, port } = new URL(url);
    const server = createServer((near) => {
      const far = connect({ host: hostname, port: Number(port) });
      if (last !== undefined) near.on('data', (said: Buffer) => said.includes(last) && line.close());
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        line.sockets.add(from);
        from.on('error', () => to.destroy()).on('close', () => line.sockets.delete(from) && to.destroy());
        from.pipe(to);
      }
    });
    const line = new CuttableLine(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return line;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Whoever connects again gets a new line. */
  cut(): void {
    for (const socket of this.sockets) socket.resetAndDestroy();
  }

  close(): void {
    this.server.close();
    this.cut();
  }
}
