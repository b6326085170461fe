import type { Element } from '../stanza/element.js';
import { NS } from '../stream/namespaces.js';

/** The JSON text inside a stanza (XEP-0335 §3), not yet parsed. */
export function jsonContainer(stanza: Element): string | undefined {
  return stanza.childText('json', NS.json);
}
