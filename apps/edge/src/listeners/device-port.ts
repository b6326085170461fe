import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Config, ProxiedListener } from '@carillon/config';
import type { PeerInfo } from '@carillon/mqtt-broker';
import {
  listenFailure,
  type Listener,
  ProxyProtocol,
  type TlsMaterial,
  TlsTerminator,
} from '@carillon/process';
import type { ConnectionReport } from './door/connection-report.js';
import type { Door, Place, Refusal } from './door/door.js';
import { peerCertificateOf } from './peer-certificate.js';
import type { Refusals } from './refusals.js';

export interface DevicePortPlan {
  readonly name: string;
  readonly listener: Exclude<ProxiedListener, 'http'>;
  readonly port: number;
  /** Where the port comes from, for whoever finds it busy. */
  readonly variable: string;
  readonly encrypted: boolean;
  readonly attach: (socket: Socket, peer: PeerInfo) => void;
  readonly refusals: Refusals;
}

/** What the ports of an edge share. */
export interface DevicePortContext {
  readonly config: Config;
  readonly tls: TlsMaterial;
  readonly door: Door;
  readonly report: ConnectionReport;
}

const KEEP_ALIVE_MS = 60_000;

/** One port for devices: a place at the door, a PROXY header if there has to be one, the limits of the address, TLS, and then the engine. */
export class DevicePort {
  private readonly server: Server;
  private readonly proxy: ProxyProtocol | undefined;
  private readonly terminator: TlsTerminator | undefined;

  constructor(
    private readonly plan: DevicePortPlan,
    private readonly context: DevicePortContext,
  ) {
    const { listener, encrypted } = plan;
    const { config, report } = context;
    const proxy = new ProxyProtocol(config, (failure) => report.proxyFailed(listener, failure));
    this.proxy = proxy.isOn(listener) ? proxy : undefined;
    this.terminator = encrypted ? this.newTerminator() : undefined;
    const options = { noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS };
    this.server = createServer(options, (socket) => this.accept(socket));
  }

  /** @throws StartupError if the port cannot be had */
  async listen(onError: (error: Error, listener: string) => void): Promise<Listener> {
    const { name, listener, port, variable } = this.plan;
    const { host } = this.context.config;
    this.server.listen(port, host);
    await once(this.server, 'listening').catch((error: unknown) => {
      throw listenFailure(error, host, port, variable);
    });
    this.server.on('error', (error) => onError(error, name));
    return { name, url: `${listener}://${host}:${(this.server.address() as AddressInfo).port}` };
  }

  /** Nobody new; the connections themselves are the transports' to end. */
  close(): void {
    this.server.close();
  }

  private accept(socket: Socket): void {
    const { door, report } = this.context;
    const { listener } = this.plan;
    socket.on('error', (error) => report.failed(error));
    const place = door.enter();
    if (!place) return this.refuse(socket, 'total');
    report.entered(listener);
    socket.on('close', () => {
      place.release();
      report.left(listener);
    });
    if (this.proxy) this.proxy.receive(socket, () => this.identified(socket, place));
    else this.identified(socket, place);
  }

  private identified(socket: Socket, place: Place): void {
    const { remoteAddress: address = '' } = socket;
    const refusal = place.claim(address);
    if (refusal) return this.refuse(socket, refusal);
    this.context.report.admitted(this.plan.listener);
    if (this.terminator) this.terminator.take(socket);
    else this.plan.attach(socket, { address, secure: false, transport: 'tcp' });
  }

  /** Words are for those to whom they are cheap: no TLS, and no PROXY header left to be read. */
  private refuse(socket: Socket, reason: Refusal): void {
    const { remoteAddress: address = '' } = socket;
    this.context.report.refused(this.plan.listener, reason, address);
    if (this.terminator || (this.proxy && reason === 'total')) socket.destroy();
    else this.plan.refusals.refuse(socket, reason, address);
  }

  private newTerminator(): TlsTerminator {
    const { tls, report } = this.context;
    return new TlsTerminator(tls.server({ clientCertificates: true }), {
      onSecure: (socket) => this.secured(socket),
      onFailure: (error, address) => report.handshakeFailed(this.plan.listener, error, address),
    });
  }

  private secured(socket: TLSSocket): void {
    const certificate = peerCertificateOf(socket);
    const { remoteAddress: address = '' } = socket;
    const { clientCaFile, clientCertificates } = this.context.config.tls;
    if (!certificate && clientCaFile !== undefined && clientCertificates === 'require') {
      this.context.report.handshakeFailed(this.plan.listener, new Error('no client certificate'), address);
      socket.destroy();
      return;
    }
    const peer: PeerInfo = { address, secure: true, transport: 'tls' };
    this.plan.attach(socket, certificate ? { ...peer, certificate } : peer);
  }
}
