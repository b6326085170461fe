import type { Socket } from 'node:net';
import type { ProxiedSource } from './proxy-protocol/proxy-header.js';

const truePeers = new WeakMap<Socket, string>();

/** Makes a socket name the client that a proxy speaks for, wherever its address is asked for: limits, logs, guards. */
export function assumeAddress(socket: Socket, { address, port }: ProxiedSource): void {
  truePeers.set(socket, endsOf(socket));
  Object.defineProperties(socket, {
    remoteAddress: { value: address },
    remotePort: { value: port },
    remoteFamily: { value: address.includes(':') ? 'IPv6' : 'IPv4' },
  });
}

/** The ends of a connection whose socket names another peer; undefined for one that names its own. */
export const trueEndsOf = (socket: Socket): string | undefined => truePeers.get(socket);

/** Tells the connections of a process apart. */
export function endsOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}
