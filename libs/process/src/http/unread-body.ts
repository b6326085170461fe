import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';

const LIMIT_MS = 5_000;
const LIMIT_BYTES = 64 * 1024 * 1024;

/**
 * A refusal may be ready before its request's body has come. To close the connection then would reset it, and most clients
 * would see the reset instead of the refusal (RFC 9112 §9.6): so the rest is read and thrown away first, within bounds.
 */
export function readBodiesOut(fastify: FastifyInstance): void {
  fastify.addHook('onSend', (request, _reply, payload, done) => {
    if (request.raw.complete === false) void readOut(request.raw).then(() => done(null, payload));
    else done(null, payload);
  });
}

function readOut(request: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    let bytes = 0;
    const count = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes > LIMIT_BYTES) done();
    };
    const timer = setTimeout(done, LIMIT_MS);
    request.on('data', count).once('end', done).once('close', done).once('error', done);
    request.resume();

    function done(): void {
      clearTimeout(timer);
      request.off('data', count).off('end', done).off('close', done).off('error', done);
      resolve();
    }
  });
}
