import { BlockList, isIP } from 'node:net';

/** Networks that are nobody's on the internet (IANA special-purpose registries, RFC 6890). */
const SPECIAL_IPV4: readonly [string, number][] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
];
/** Within 2000::/3, the only global unicast there is: protocol assignments and Teredo, documentation, 6to4, ORCHID. */
const SPECIAL_IPV6: readonly [string, number][] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
];

const special = new BlockList();
for (const [net, prefix] of SPECIAL_IPV4) special.addSubnet(net, prefix, 'ipv4');
for (const [net, prefix] of SPECIAL_IPV6) special.addSubnet(net, prefix, 'ipv6');
const globalIpv6 = new BlockList();
globalIpv6.addSubnet('2000::', 3, 'ipv6');

export const MAX_WEBHOOK_URL = 2_048;

/** Decides which addresses webhooks may be posted to: public ones, and those of networks that the operator names. */
export class WebhookAddresses {
  private readonly allowed = new BlockList();

  /** @param networks in CIDR notation */
  constructor(private readonly networks: readonly string[]) {
    for (const network of networks) {
      const [net = '', prefix] = network.split('/');
      this.allowed.addSubnet(net, Number(prefix), isIP(net) === 6 ? 'ipv6' : 'ipv4');
    }
  }

  /** In the clear only within networks that the operator names. */
  mayReach(address: string, isTls: boolean): boolean {
    const family = isIP(address);
    if (family === 0) return false;
    if (this.allowed.check(address, family === 6 ? 'ipv6' : 'ipv4')) return true;
    return isTls && isPublic(address, family);
  }

  /** What is wrong with a URL as far as it can be told without asking DNS; undefined when nothing is. */
  faultOf(text: string): string | undefined {
    if (text.length > MAX_WEBHOOK_URL || !URL.canParse(text))
      return `must be a URL of up to ${MAX_WEBHOOK_URL} characters`;
    const url = new URL(text);
    const isTls = url.protocol === 'https:';
    if (!isTls && !(url.protocol === 'http:' && this.networks.length > 0)) return 'must begin with https://';
    if (url.username !== '' || url.password !== '') return 'must not hold a user name or password';
    if (url.hash !== '') return 'must not hold a fragment';
    const host = hostOf(url);
    if (isIP(host) > 0 && !this.mayReach(host, isTls))
      return 'is an address that webhooks may not be posted to';
    return undefined;
  }
}

/** The host without the brackets of an IPv6 address. */
export const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, '');

function isPublic(address: string, family: number): boolean {
  if (family === 4) return !special.check(address, 'ipv4');
  // Everything else is loopback, link-local, unique local, multicast, or stands for an IPv4 address.
  return globalIpv6.check(address, 'ipv6') && !special.check(address, 'ipv6');
}
