import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { XmppServer } from '@carillon/xmpp-server';
import type { ConnectionReport } from './door/connection-report.js';
import type { Door } from './door/door.js';
import type { WebOrigins } from './web-origins.js';

export const BOSH_PATH = '/http-bind';
const LISTENER = 'xmpp-bosh';
const PREFLIGHT = {
  'access-control-allow-methods': 'POST, OPTIONS',
  'access-control-allow-headers': 'content-type',
  'access-control-max-age': '86400',
};

/** XMPP over HTTP requests (BOSH, XEP-0124) on the HTTP port. */
export class Bosh {
  constructor(
    private readonly server: XmppServer,
    private readonly door: Door,
    private readonly report: ConnectionReport,
    private readonly origins: WebOrigins,
  ) {}

  /** Before the HTTP server listens. */
  attach(fastify: FastifyInstance): void {
    void fastify.register((instance, _options, done) => {
      // Whatever the media type says, it is XML (XEP-0124 §6: clients may be bound to another).
      instance.removeAllContentTypeParsers();
      instance.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, parsed) =>
        parsed(null, body),
      );
      instance.options(BOSH_PATH, (request, reply) => this.preflight(request, reply));
      instance.post(BOSH_PATH, (request, reply) => this.take(request, reply));
      done();
    });
  }

  private async preflight({ headers }: FastifyRequest, reply: FastifyReply): Promise<void> {
    await reply
      .code(204)
      .headers({ ...this.origins.headers(headers.origin), ...PREFLIGHT })
      .send();
  }

  private async take(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { origin } = request.headers;
    void reply.headers({ 'cache-control': 'no-store', ...this.origins.headers(origin) });
    if (!this.origins.allows(origin)) return reply.code(403).send();
    const answer = await this.ask(request);
    if (!answer) return reply.hijack();
    return reply.code(answer.status).header('content-type', answer.contentType).send(answer.body);
  }

  private async ask({ raw, body }: FastifyRequest) {
    const { remoteAddress: address = '', encrypted = false } = raw.socket as typeof raw.socket & {
      encrypted?: boolean;
    };
    const peer = { address, secure: encrypted, transport: 'bosh' as const };
    const gone = new AbortController();
    const onClose = (): void => gone.abort();
    raw.socket.once('close', onClose);
    const gate = { gone: gone.signal, admit: () => this.admit(address) };
    return this.server
      .onBoshRequest(Buffer.isBuffer(body) ? body : Buffer.alloc(0), peer, gate)
      .finally(() => raw.socket.off('close', onClose));
  }

  /** A session is a device's connection, over however many of HTTP's. */
  private admit(address: string): (() => void) | undefined {
    const place = this.door.enter();
    const refusal = place ? place.claim(address) : 'total';
    if (!place || refusal) {
      place?.release();
      this.report.refused(LISTENER, refusal!, address);
      return undefined;
    }
    this.report.entered(LISTENER);
    this.report.admitted(LISTENER);
    return () => {
      place.release();
      this.report.left(LISTENER);
    };
  }
}
