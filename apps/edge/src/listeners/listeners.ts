import { Injectable, type OnApplicationBootstrap, type BeforeApplicationShutdown } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { once } from 'node:events';
import type { Server as HttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { listenFailure, ProcessContext } from '@carillon/process';
import { Transports } from '../delivery/transports.js';
import { TlsMaterial } from './tls-material.js';
import { WebSockets } from './websockets.js';

type Attach = (socket: Socket, peer: { address: string; secure: boolean; transport: 'tcp' | 'tls' }) => void;

interface ListenerPlan {
  readonly name: string;
  readonly scheme: string;
  readonly port: number;
  /** Where the port comes from, for whoever finds it busy. */
  readonly variable: string;
}

const HANDSHAKE_TIMEOUT_MS = 10_000;

/** The sockets of this edge; what comes in on them belongs to the engines. */
@Injectable()
export class Listeners implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly servers: Server[] = [];
  private readonly webSockets: WebSockets;

  constructor(
    private readonly context: ProcessContext,
    private readonly transports: Transports,
    private readonly tls: TlsMaterial,
    private readonly http: HttpAdapterHost,
  ) {
    this.webSockets = new WebSockets(transports, (error) => this.connectionFailed(error));
  }

  async onApplicationBootstrap(): Promise<void> {
    const { mqtt, xmpp } = this.context.config;
    const toBroker: Attach = (socket, peer) => this.transports.mqtt.broker.attach(socket, peer);
    const toXmpp: Attach = (socket, peer) => this.transports.xmpp.server.attach(socket, peer);
    await this.listen(
      { name: 'MQTT', scheme: 'mqtt', port: mqtt.port, variable: 'CARILLON_MQTT_PORT' },
      this.plain(toBroker),
    );
    await this.listen(
      { name: 'MQTT TLS', scheme: 'mqtts', port: mqtt.tlsPort, variable: 'CARILLON_MQTTS_PORT' },
      this.encrypted(toBroker),
    );
    await this.listen(
      { name: 'XMPP', scheme: 'xmpp', port: xmpp.port, variable: 'CARILLON_XMPP_PORT' },
      this.plain(toXmpp),
    );
    await this.listen(
      { name: 'XMPP TLS', scheme: 'xmpps', port: xmpp.tlsPort, variable: 'CARILLON_XMPPS_PORT' },
      this.encrypted(toXmpp),
    );
    this.webSockets.attach(this.http.httpAdapter.getHttpServer() as HttpServer);
    if (xmpp.tls !== 'required') {
      this.context.logger.warn(`CARILLON_XMPP_TLS=${xmpp.tls}: XMPP passwords may travel in the clear`);
    }
    if (mqtt.anonymous) {
      this.context.logger.warn(
        'CARILLON_MQTT_ANONYMOUS=true: the MQTT broker is open to everyone who reaches it',
      );
    }
  }

  /** Nobody new; the connections themselves are the transports' to end. */
  beforeApplicationShutdown(): void {
    for (const server of this.servers) server.close();
  }

  onApplicationShutdown(): void {
    this.webSockets.close();
  }

  private plain(attach: Attach): Server {
    return createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 }, (socket) =>
      attach(socket, { address: socket.remoteAddress ?? '', secure: false, transport: 'tcp' }),
    );
  }

  private encrypted(attach: Attach): Server {
    const server = createTlsServer(
      { ...this.tls.options(), handshakeTimeout: HANDSHAKE_TIMEOUT_MS, noDelay: true },
      (socket) => attach(socket, { address: socket.remoteAddress ?? '', secure: true, transport: 'tls' }),
    );
    return server.on('tlsClientError', (error) => this.connectionFailed(error));
  }

  private async listen({ name, scheme, port, variable }: ListenerPlan, server: Server): Promise<void> {
    const { host } = this.context.config;
    server.listen(port, host);
    await once(server, 'listening').catch((error: unknown) => {
      throw listenFailure(error, host, port, variable);
    });
    server.on('error', (error) =>
      this.context.logger.error({ err: error, listener: name }, 'a listener failed'),
    );
    this.servers.push(server);
    const { port: actual } = server.address() as AddressInfo;
    this.context.listeners.push({ name, url: `${scheme}://${host}:${actual}` });
  }

  private connectionFailed(error: Error): void {
    this.context.logger.debug({ error: error.message }, 'a connection failed');
  }
}
