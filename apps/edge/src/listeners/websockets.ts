import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { createWebSocketStream, type WebSocket, WebSocketServer } from 'ws';
import type { Transports } from '../delivery/transports.js';
import type { ConnectionReport } from './door/connection-report.js';
import type { Door } from './door/door.js';
import type { WebOrigins } from './web-origins.js';

export const WEBSOCKET_PATH = '/xmpp-websocket';
const MAX_FRAME_BYTES = 1024 * 1024;
const RETRY = 'Retry-After: 10\r\n';

/** WebSockets on the HTTP port: `/mqtt` (MQTT 5.0 §6) and `/xmpp-websocket` (RFC 7395). */
export class WebSockets {
  private readonly mqtt = newServer(['mqtt', 'mqttv3.1']);
  private readonly xmpp = newServer(['xmpp']);

  constructor(
    private readonly transports: Transports,
    private readonly door: Door,
    private readonly report: ConnectionReport,
    private readonly origins: WebOrigins,
  ) {}

  attach(server: Server): void {
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      socket.on('error', (error) => this.report.failed(error));
      const path = (request.url ?? '').split('?')[0];
      if (path === '/mqtt') this.upgradeMqtt(request, socket, head);
      else if (path === WEBSOCKET_PATH) this.upgradeXmpp(request, socket, head);
      else refuse(socket, '404 Not Found');
    });
  }

  close(): void {
    for (const server of [this.mqtt, this.xmpp]) {
      for (const client of server.clients) client.terminate();
      server.close();
    }
  }

  private upgradeMqtt(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (!offers(request, 'mqtt')) return refuse(socket, '400 Bad Request');
    if (!this.enter(request, socket, 'mqtt-websocket')) return;
    this.mqtt.handleUpgrade(request, socket, head, (webSocket) => {
      refuseText(webSocket);
      const stream = createWebSocketStream(webSocket);
      stream.on('error', (error) => this.report.failed(error));
      this.transports.mqtt.broker.attach(stream, peerOf(request));
    });
  }

  private upgradeXmpp(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (!offers(request, 'xmpp')) return refuse(socket, '400 Bad Request');
    if (!this.origins.allows(request.headers.origin)) return refuse(socket, '403 Forbidden');
    if (!this.enter(request, socket, 'xmpp-websocket')) return;
    this.xmpp.handleUpgrade(request, socket, head, (webSocket) => {
      // For channel binding; a WebSocket does not tell what is under it.
      const tls = request.socket instanceof TLSSocket ? request.socket : undefined;
      this.transports.xmpp.server.attachWebSocket(webSocket, { ...peerOf(request), tls });
    });
  }

  /** It counts as a device's connection from here on; a plain request on the same port does not. */
  private enter(request: IncomingMessage, socket: Duplex, listener: string): boolean {
    const { address } = peerOf(request);
    const place = this.door.enter();
    const refusal = place ? place.claim(address) : 'total';
    if (!place || refusal) {
      place?.release();
      this.report.refused(listener, refusal!, address);
      refuse(socket, refusal === 'rate' ? '429 Too Many Requests' : '503 Service Unavailable', RETRY);
      return false;
    }
    this.report.entered(listener);
    this.report.admitted(listener);
    socket.once('close', () => {
      place.release();
      this.report.left(listener);
    });
    return true;
  }
}

function newServer(protocols: readonly string[]): WebSocketServer {
  return new WebSocketServer({
    noServer: true,
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
    handleProtocols: (offered) => protocols.find((protocol) => offered.has(protocol)) ?? false,
  });
}

/** The client has to name the sub-protocol [MQTT-6.0.0-3], RFC 7395 §3.1. */
function offers(request: IncomingMessage, protocol: string): boolean {
  const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
  return offered.some((name) => name.startsWith(protocol));
}

/** MQTT travels in binary frames alone [MQTT-6.0.0-1]. */
function refuseText(socket: WebSocket): void {
  socket.on('message', (_data, isBinary) => {
    if (!isBinary) socket.close(1003, 'MQTT takes binary frames');
  });
}

function peerOf(request: IncomingMessage) {
  const { socket } = request;
  return {
    address: socket.remoteAddress ?? '',
    secure: socket instanceof TLSSocket,
    transport: 'websocket' as const,
  };
}

/** A peer that never closes its half is not waited for. */
function refuse(socket: Duplex, status: string, headers = ''): void {
  socket.once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status}\r\n${headers}Connection: close\r\nContent-Length: 0\r\n\r\n`);
}
