import { INCOMPLETE, malformed, type ProxiedSource, type ProxyHeader } from './proxy-header.js';

/** Can be the beginning of no protocol that is served here (§2.2). */
export const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');

const PREAMBLE = 16;
/** Of addresses and TLVs. The format allows 65,535; proxies send some hundred at most, with a client certificate's name among the TLVs. */
const MAX_LENGTH = 4_096;
const LOCAL = 0x20;
const PROXY = 0x21;

interface Family {
  /** Bytes of the address block. */
  readonly block: number;
  readonly source?: (block: Buffer) => ProxiedSource;
}

/** By the byte of address family and transport. Datagrams (0x12, 0x22, 0x32) cannot have come over a stream. */
const FAMILIES: Readonly<Record<number, Family>> = {
  0x00: { block: 0 },
  0x11: { block: 12, source: (block) => ({ address: ipv4(block), port: block.readUInt16BE(8) }) },
  0x21: { block: 36, source: (block) => ({ address: ipv6(block), port: block.readUInt16BE(32) }) },
  0x31: { block: 216 },
};

/** The binary form. `bytes` begin with the signature. */
export function parseVersion2(bytes: Buffer): ProxyHeader {
  const command = bytes[12];
  if (command === undefined) return INCOMPLETE;
  if (command >> 4 !== 2) return malformed('an unknown version');
  if (command !== LOCAL && command !== PROXY) return malformed('an unknown command');
  if (bytes.length < PREAMBLE) return INCOMPLETE;
  const bodyLength = bytes.readUInt16BE(14);
  if (bodyLength > MAX_LENGTH) return malformed(`a header above ${MAX_LENGTH} bytes`);
  const length = PREAMBLE + bodyLength;
  if (bytes.length < length) return INCOMPLETE;
  // "the receiver must accept this connection as valid and must use the real connection endpoints".
  if (command === LOCAL) return { kind: 'header', length };
  return proxied(bytes[13]!, bytes.subarray(PREAMBLE, length), length);
}

function proxied(family: number, body: Buffer, length: number): ProxyHeader {
  const known = FAMILIES[family];
  if (!known) return malformed('an unknown address family or transport');
  if (body.length < known.block) return malformed('too short for its addresses');
  // What follows AF_UNSPEC is to be ignored as a whole.
  if (known.block > 0 && !areTlvs(body.subarray(known.block))) return malformed('a TLV cut short');
  return { kind: 'header', length, source: known.source?.(body) };
}

/** Type, two bytes of length, value; nothing left over (§2.2.x). */
function areTlvs(bytes: Buffer): boolean {
  let at = 0;
  while (at + 3 <= bytes.length) at += 3 + bytes.readUInt16BE(at + 1);
  return at === bytes.length;
}

const ipv4 = (block: Buffer): string => [...block.subarray(0, 4)].join('.');

/** In the form of RFC 5952, which is how the WHATWG URL parser writes it; an IPv4 address in IPv6 form as IPv4. */
function ipv6(block: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, i) => block.readUInt16BE(2 * i));
  const mapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  return mapped
    ? [...block.subarray(12, 16)].join('.')
    : new URL(`http://[${groups.map((g) => g.toString(16)).join(':')}]`).hostname.slice(1, -1);
}
