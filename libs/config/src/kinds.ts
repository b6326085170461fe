import { isIP } from 'node:net';

/** How a variable's text becomes its value. */
export interface Kind<T> {
  /** What is allowed, as it reads after "NAME=text: " in a fault and in the documentation's table. */
  readonly allowed: string;
  /** The value, or undefined when the text is not allowed. */
  parse(text: string): T | undefined;
}

const LABEL = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?';
const HOST_NAME = new RegExp(`^${LABEL}(\\.${LABEL})*$`, 'i');

export function integer(min: number, max: number): Kind<number> {
  return {
    allowed: `an integer from ${min} to ${max}`,
    parse: (text) => {
      const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
      return value >= min && value <= max ? value : undefined;
    },
  };
}

export const port: Kind<number> = {
  ...integer(0, 65_535),
  allowed: 'a port, 0 to 65535 (0 picks a free one)',
};

export const boolean: Kind<boolean> = {
  allowed: '`true` or `false`',
  parse: (text) => (text === 'true' ? true : text === 'false' ? false : undefined),
};

export function oneOf<const T extends string>(...values: T[]): Kind<T> {
  const quoted = values.map((value) => `\`${value}\``);
  return {
    allowed: `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`,
    parse: (text) => values.find((value) => value === text),
  };
}

/** Several of `values`, each once at most. */
export function listOf<const T extends string>(...values: T[]): Kind<T[]> {
  return {
    allowed: `one or more of ${values.map((value) => `\`${value}\``).join(', ')}, separated by commas`,
    parse: (text) => {
      const items = itemsOf(text);
      const known = values.filter((value) => items.includes(value));
      return known.length > 0 && known.length === items.length ? known : undefined;
    },
  };
}

/** `word`, which stands for what `value` says at that moment, or what `kind` allows. */
export function wordOr<T>(word: string, value: () => T, kind: Kind<T>): Kind<T> {
  return {
    allowed: `${kind.allowed}, or \`${word}\``,
    parse: (text) => (text === word ? value() : kind.parse(text)),
  };
}

export function matching(pattern: RegExp, allowed: string): Kind<string> {
  return { allowed, parse: (text) => (pattern.test(text) ? text : undefined) };
}

export const path: Kind<string> = matching(/^[^\0]+$/, 'a path');

export const listenAddress: Kind<string> = {
  allowed: 'an IP address or a host name of this machine',
  parse: (text) => (isIP(text) > 0 || isHostName(text) ? text : undefined),
};

export const domain: Kind<string> = {
  allowed: 'a domain name',
  parse: (text) => (isHostName(text) ? text.toLowerCase() : undefined),
};

export const webUrl: Kind<string> = {
  allowed: 'an address as `https://host[:port][/path]`',
  parse: (text) => (isWebUrl(text) ? text.replace(/\/+$/, '') : undefined),
};

/** `*` stands for all. */
export const origins: Kind<string[]> = {
  allowed: '`*`, or origins as `https://host[:port]` separated by commas',
  parse: (text) => {
    const found = itemsOf(text);
    return text === '*' || found.every((item) => isWebUrl(item) && new URL(item).origin === item)
      ? found
      : undefined;
  },
};

function isWebUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password, search, hash } = new URL(text);
  return /^https?:$/.test(protocol) && hostname !== '' && username + password + search + hash === '';
}

export const redisUrls: Kind<string[]> = {
  allowed:
    'redis://[[user]:password@]host[:port][/database] or rediss://…; several nodes of a cluster separated by commas; or ' +
    'redis-sentinel://[[user]:password@]host[:port]/master[/database], several sentinels separated by commas',
  parse: (text) => {
    const urls = itemsOf(text);
    if (urls.some((url) => url.startsWith('redis-sentinel:'))) return areSentinels(urls) ? urls : undefined;
    return urls.every((url) => isRedisUrl(url, urls.length > 1)) ? urls : undefined;
  },
};

/** All of one master: they differ in their address alone. */
function areSentinels(urls: readonly string[]): boolean {
  if (!urls.every((url) => URL.canParse(url))) return false;
  const parsed = urls.map((url) => new URL(url));
  const masterOf = ({ username, password, pathname }: URL): string => `${username}:${password}@${pathname}`;
  return parsed.every(
    (url) =>
      url.protocol === 'redis-sentinel:' &&
      url.hostname !== '' &&
      /^\/[^/]+(\/\d+)?$/.test(url.pathname) &&
      masterOf(url) === masterOf(parsed[0]!),
  );
}

export const networks: Kind<string[]> = {
  allowed: 'networks in CIDR notation such as `10.0.0.0/8`, separated by commas',
  parse: (text) => {
    const found = itemsOf(text);
    return found.every(isNetwork) ? found : undefined;
  },
};

function isNetwork(text: string): boolean {
  const [address = '', prefix = '', ...rest] = text.split('/');
  const family = isIP(address);
  const bits = family === 6 ? 128 : 32;
  return family > 0 && rest.length === 0 && /^\d{1,3}$/.test(prefix) && Number(prefix) <= bits;
}

/** All addresses that begin with the first `prefix` bits of this one. */
export interface AddressRange {
  readonly address: string;
  readonly prefix: number;
  readonly family: 'ipv4' | 'ipv6';
}

export const addressRanges: Kind<AddressRange[]> = {
  allowed: 'IP addresses and ranges (`10.0.0.0/8`, `fd00::/8`), separated by commas',
  parse: (text) => {
    const ranges = itemsOf(text).map(addressRange);
    return ranges.every((range) => range !== undefined) ? ranges : undefined;
  },
};

function addressRange(text: string): AddressRange | undefined {
  const [address = '', length, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || address.includes('%') || rest.length > 0) return undefined;
  const bits = version === 4 ? 32 : 128;
  const prefix = length === undefined ? bits : integer(0, bits).parse(length);
  return prefix === undefined ? undefined : { address, prefix, family: version === 4 ? 'ipv4' : 'ipv6' };
}

function itemsOf(text: string): string[] {
  return text.split(',').map((item) => item.trim());
}

function isHostName(text: string): boolean {
  return text.length <= 253 && HOST_NAME.test(text);
}

function isRedisUrl(text: string, inCluster: boolean): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, pathname } = new URL(text);
  // A cluster has database 0 alone.
  const database = inCluster ? /^\/?0?$/ : /^\/?\d*$/;
  return ['redis:', 'rediss:'].includes(protocol) && hostname !== '' && database.test(pathname);
}
