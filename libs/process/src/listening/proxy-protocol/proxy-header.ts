/** The client that a proxy speaks for. */
export interface ProxiedSource {
  readonly address: string;
  readonly port: number;
}

/**
 * What the first bytes of a connection are by the PROXY protocol (haproxy, doc/proxy-protocol.txt):
 * - `incomplete`: so far it may become a header
 * - `malformed`: it cannot; `reason` says why
 * - `header`: of `length` bytes. Without a source the connection is the proxy's own (LOCAL), or the proxy does not know (UNKNOWN, AF_UNSPEC,
 *   AF_UNIX): the connection's own address holds
 */
export type ProxyHeader =
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'malformed'; readonly reason: string }
  | { readonly kind: 'header'; readonly length: number; readonly source?: ProxiedSource };

export const INCOMPLETE: ProxyHeader = { kind: 'incomplete' };
export const malformed = (reason: string): ProxyHeader => ({ kind: 'malformed', reason });
