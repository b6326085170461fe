import { isIPv4, isIPv6 } from 'node:net';
import { INCOMPLETE, malformed, type ProxyHeader } from './proxy-header.js';

/** The longest line, CRLF included (§2.1). */
const MAX_LENGTH = 107;
const CR = 0x0d;
const LF = 0x0a;
const PORT = /^(0|[1-9]\d{0,4})$/;

/** The human-readable form: `PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n`. `bytes` begin with `PROXY `. */
export function parseVersion1(bytes: Buffer): ProxyHeader {
  const end = bytes.subarray(0, MAX_LENGTH).indexOf(LF);
  if (end === -1) return bytes.length < MAX_LENGTH ? INCOMPLETE : malformed('a line above 107 bytes');
  if (bytes[end - 1] !== CR) return malformed('a line that does not end in CRLF');
  const [, family, ...fields] = bytes.toString('latin1', 0, end - 1).split(' ');
  const length = end + 1;
  // "the receiver must ignore anything presented before the CRLF is found".
  if (family === 'UNKNOWN') return { kind: 'header', length };
  if (family !== 'TCP4' && family !== 'TCP6') return malformed('an unknown address family');
  return known(family, fields, length);
}

function known(family: 'TCP4' | 'TCP6', fields: readonly string[], length: number): ProxyHeader {
  const [source = '', destination = '', sourcePort = '', destinationPort = ''] = fields;
  if (fields.length !== 4) return malformed('not four fields behind the address family');
  const isAddress = family === 'TCP4' ? isIPv4 : (text: string) => isIPv6(text) && !text.includes('%');
  if (!isAddress(source) || !isAddress(destination)) return malformed(`an address that is none of ${family}`);
  if (!isPort(sourcePort) || !isPort(destinationPort)) return malformed('a port that is none');
  return { kind: 'header', length, source: { address: source, port: Number(sourcePort) } };
}

const isPort = (text: string): boolean => PORT.test(text) && Number(text) <= 65_535;
