import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyServerFactory } from 'fastify';
import type { Config } from '@carillon/config';
import type { Logger } from '@carillon/observability';
import { LimitedLog } from '../listening/limited-log.js';
import { ProxyProtocol } from '../listening/proxy-protocol/proxy-protocol.js';
import { readAhead } from '../listening/read-ahead.js';
import type { TlsMaterial } from '../listening/tls/tls-material.js';
import { TlsTerminator } from '../listening/tls/tls-terminator.js';

export interface HttpPortOptions {
  readonly config: Config;
  readonly tls: TlsMaterial;
  readonly logger: Logger;
}

/** The type of a TLS handshake record (RFC 8446 §5.1); a request of HTTP begins with a letter. */
const TLS_HANDSHAKE = 0x16;

const PLAIN_REFUSED = 'This port speaks HTTPS alone.\n';
const NEEDS_TLS =
  'HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: text/plain\r\n' +
  `Content-Length: ${PLAIN_REFUSED.length}\r\n\r\n${PLAIN_REFUSED}`;

/**
 * The way from a connection on the HTTP port to the HTTP server: a PROXY header if there has to be one, then TLS or none, which the first byte
 * tells. WebSockets come along, as upgrades of what the server serves.
 */
export class HttpPort {
  private readonly proxy: ProxyProtocol;
  private readonly log: LimitedLog;

  constructor(private readonly options: HttpPortOptions) {
    const { logger, config } = options;
    this.log = new LimitedLog((fields, message) => logger.debug(fields, message));
    const warnings = new LimitedLog((fields, message) => logger.warn(fields, message));
    this.proxy = new ProxyProtocol(config, (failure) =>
      warnings.write(
        { listener: 'http', ...failure },
        'a connection was ended: PROXY protocol',
        failure.reason,
      ),
    );
  }

  /** As Fastify makes its own server, but for the connections. */
  readonly serverFactory: FastifyServerFactory = (handler, options) => {
    const { keepAliveTimeout, requestTimeout } = options as ServerOptions;
    const server = createServer({ keepAliveTimeout, requestTimeout }, handler as RequestListener);
    this.divert(server);
    return server;
  };

  private divert(server: Server): void {
    const { config, tls } = this.options;
    const proxied = this.proxy.isOn('http');
    if (config.http.tls === 'off' && !proxied) return;
    const [serve] = server.listeners('connection') as ((socket: Socket) => void)[];
    server.off('connection', serve!);
    const toServer = (socket: Socket): void => serve!.call(server, socket);
    const toEither = config.http.tls === 'off' ? toServer : this.byFirstByte(tls, toServer);
    server.on('connection', (socket: Socket) => {
      socket.on('error', this.onError);
      if (proxied) this.proxy.receive(socket, () => toEither(socket));
      else toEither(socket);
    });
  }

  private byFirstByte(tls: TlsMaterial, toServer: (socket: Socket) => void): (socket: Socket) => void {
    const { http, connections } = this.options.config;
    const terminator = new TlsTerminator(tls.server({ alpn: ['http/1.1'] }), {
      onSecure: toServer,
      onFailure: (error, address) =>
        this.log.write({ listener: 'http', address, error: error.message }, 'a TLS handshake failed'),
    });
    const toPlain = http.tls === 'required' ? refusePlain : toServer;
    return (socket) =>
      readAhead(socket, connections.handshakeTimeoutMs, firstByte, (result) => {
        if ('failed' in result) socket.destroy();
        else if (result.found === TLS_HANDSHAKE) terminator.take(socket);
        else toPlain(socket);
      });
  }

  private readonly onError = (error: Error): void =>
    this.log.write({ listener: 'http', error: error.message }, 'a connection failed');
}

const firstByte = (bytes: Buffer) => ({ found: bytes[0]!, used: 0 });

/** What has come is read and thrown away, so that the refusal is not lost in a reset; a peer that never closes is not waited for. */
function refusePlain(socket: Socket): void {
  socket.setTimeout(1_000, () => socket.destroy());
  socket.resume().end(NEEDS_TLS, () => socket.destroySoon());
}
