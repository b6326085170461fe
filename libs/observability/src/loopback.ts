import { BlockList } from 'node:net';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** Whether a peer's address is this machine's own, the IPv4 in IPv6 form (`::ffff:127.0.0.1`) included. */
export function isLoopback(address: string | undefined): boolean {
  if (address === undefined) return false;
  return LOOPBACK.check(address, 'ipv4') || LOOPBACK.check(address, 'ipv6');
}
