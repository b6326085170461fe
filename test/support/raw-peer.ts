import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

export interface Farewell {
  /** All that the server said. */
  readonly said: Buffer;
  readonly tookMs: number;
}

/**
 * Says something to a listener, in the pieces given, and waits until the server ends the connection.
 * @throws when it does not within the limit
 */
export function sayAndWait(
  url: string,
  pieces: readonly (string | Buffer)[],
  limitMs = 15_000,
): Promise<Farewell> {
  const { hostname: host, port, protocol } = new URL(url);
  const begun = Date.now();
  const socket: Socket = protocol.endsWith('s:')
    ? connectTls({ host, port: Number(port), rejectUnauthorized: false })
    : connectTcp({ host, port: Number(port) });
  const said: Buffer[] = [];
  socket.on('data', (data: Buffer) => said.push(data));
  // A reset is an end too: the server need not read on.
  socket.on('error', () => undefined);
  for (const piece of pieces) socket.write(piece);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      socket.destroy();
      reject(
        new Error(
          `${url} kept the connection; it said ${JSON.stringify(Buffer.concat(said).toString('latin1'))}`,
        ),
      );
    }, limitMs);
    socket.once('close', () => {
      clearTimeout(timer);
      resolve({ said: Buffer.concat(said), tookMs: Date.now() - begun });
    });
  });
}
