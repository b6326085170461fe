import { BlockList, isIPv6, type Socket } from 'node:net';
import type { Config, ProxiedListener } from '@carillon/config';
import { assumeAddress } from '../assumed-address.js';
import { readAhead } from '../read-ahead.js';
import { parseProxyHeader } from './parse-proxy-header.js';
import type { ProxiedSource } from './proxy-header.js';

type Found = { readonly reason: string } | { readonly source: ProxiedSource | undefined };

/** The PROXY protocol on the ports that have it: trusted peers have to begin with a header, nobody else's is believed. */
export class ProxyProtocol {
  private readonly trusted: BlockList | undefined;

  constructor(
    private readonly config: Pick<Config, 'proxyProtocol' | 'connections'>,
    private readonly onFailure: (fields: { address: string; reason: string }) => void,
  ) {
    const ranges = config.proxyProtocol.trusted;
    if (!ranges) return;
    this.trusted = new BlockList();
    for (const { address, prefix, family } of ranges) this.trusted.addSubnet(address, prefix, family);
  }

  isOn(listener: ProxiedListener): boolean {
    return this.config.proxyProtocol.listeners.includes(listener);
  }

  /** Whether this peer is a proxy. */
  expects({ remoteAddress = '' }: Socket): boolean {
    return this.trusted?.check(remoteAddress, isIPv6(remoteAddress) ? 'ipv6' : 'ipv4') ?? true;
  }

  /**
   * Reads the header, if this peer has to send one; from then on the socket names the header's client as its peer. `done` is called when the
   * rest of the connection may be read; never for a connection that was ended because of its header.
   */
  receive(socket: Socket, done: () => void): void {
    if (!this.expects(socket)) return done();
    const address = socket.remoteAddress ?? '';
    readAhead(socket, this.config.connections.handshakeTimeoutMs, look, (result) => {
      const header = 'found' in result ? result.found : FAILURES[result.failed];
      if ('source' in header) {
        if (header.source) assumeAddress(socket, header.source);
        return done();
      }
      if (header.reason) this.onFailure({ address, reason: header.reason });
      socket.destroy();
    });
  }
}

/** Connections that end without a word are a load balancer's way to see whether the port is open: nothing to tell. */
const FAILURES = { timeout: { reason: 'no PROXY header in time' }, ended: { reason: '' } } as const;

function look(bytes: Buffer): { found: Found; used: number } | undefined {
  const header = parseProxyHeader(bytes);
  switch (header.kind) {
    case 'incomplete':
      return undefined;
    case 'malformed':
      return { found: { reason: header.reason }, used: bytes.length };
    default:
      return { found: { source: header.source }, used: header.length };
  }
}
