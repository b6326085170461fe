import { INCOMPLETE, malformed, type ProxyHeader } from './proxy-header.js';
import { parseVersion1 } from './version-1.js';
import { parseVersion2, SIGNATURE } from './version-2.js';

const VERSION_1_PREFIX = Buffer.from('PROXY ');

/** @param bytes all that came so far, what follows the header included */
export function parseProxyHeader(bytes: Buffer): ProxyHeader {
  if (bytes.length === 0) return INCOMPLETE;
  if (begins(bytes, VERSION_1_PREFIX))
    return bytes.length < VERSION_1_PREFIX.length ? INCOMPLETE : parseVersion1(bytes);
  if (begins(bytes, SIGNATURE)) return bytes.length < SIGNATURE.length ? INCOMPLETE : parseVersion2(bytes);
  return malformed('no PROXY header');
}

/** As far as there are bytes. */
function begins(bytes: Buffer, prefix: Buffer): boolean {
  const length = Math.min(bytes.length, prefix.length);
  return bytes.compare(prefix, 0, length, 0, length) === 0;
}
