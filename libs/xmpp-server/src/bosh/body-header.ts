import { bareJid, parseJid, prepareDomain } from '../jid/jid.js';
import type { StanzaParser } from '../stanza/stanza-parser.js';
import { StreamFault } from '../stream/stream-error.js';
import type { StreamHeader } from '../stream/stream-header.js';
import { parseBodyTag } from './body-tag.js';

/**
 * A body that begins a stream as its header (XEP-0206 §4, §6). A restart may leave out what the first one said.
 * @throws StreamFault
 */
export function readBodyHeader(
  startTag: string,
  bare: StanzaParser,
  before: StreamHeader | undefined,
): StreamHeader {
  const { attrs, version = '1.0' } = parseBodyTag(startTag, bare);
  if (!/^1(?:\.\d+)?$/.test(version)) throw new StreamFault('unsupported-version');
  const to = attrs['to'] === undefined ? before?.to : prepareDomain(attrs['to']);
  if (to === undefined) throw new StreamFault('improper-addressing');
  const from = attrs['from'] === undefined ? undefined : parseJid(attrs['from']);
  return { to, from: from ? bareJid(from) : before?.from, scope: undefined };
}
