import type { Socket } from 'node:net';
import type { Server, TLSSocket } from 'node:tls';
import { assumeAddress, endsOf, trueEndsOf } from '../assumed-address.js';

export interface TlsHooks {
  /** After the handshake. */
  onSecure(socket: TLSSocket): void;
  /** The handshake failed, or took too long; the connection is ended. */
  onFailure(error: Error, address: string | undefined): void;
}

/** Puts TLS on accepted connections, and carries the address that a proxy named over to the encrypted socket. */
export class TlsTerminator {
  /** Proxied connections in their handshake, by their true ends: all that the encrypted socket knows of the one below it. */
  private readonly proxied = new Map<string, Socket>();

  constructor(
    private readonly server: Server,
    hooks: TlsHooks,
  ) {
    server.on('secureConnection', (socket: TLSSocket) => {
      this.carryOver(socket);
      hooks.onSecure(socket);
    });
    server.on('tlsClientError', (error, socket) => {
      this.carryOver(socket);
      hooks.onFailure(error, socket.remoteAddress);
      // Node leaves a handshake that took too long to whoever listens here.
      socket.destroy();
    });
  }

  take(socket: Socket): void {
    const ends = trueEndsOf(socket);
    if (ends !== undefined) this.remember(socket, ends);
    this.server.emit('connection', socket);
  }

  private remember(socket: Socket, ends: string): void {
    this.proxied.set(ends, socket);
    socket.once('close', () => {
      if (this.proxied.get(ends) === socket) this.proxied.delete(ends);
    });
  }

  private carryOver(secure: TLSSocket): void {
    if (this.proxied.size === 0) return;
    const { remoteAddress, remotePort } = this.proxied.get(endsOf(secure)) ?? {};
    if (remoteAddress !== undefined && remotePort !== undefined)
      assumeAddress(secure, { address: remoteAddress, port: remotePort });
  }
}
