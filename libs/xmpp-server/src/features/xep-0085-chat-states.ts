import type { Element } from '../stanza/element.js';
import { NS } from '../stream/namespaces.js';

/** A message that says no more than that somebody is typing, or no longer is (XEP-0085 §5.1). */
export function isChatStateAlone(message: Element): boolean {
  const elements = message.elements.filter(({ name, ns }) => ns !== NS.hints && name !== 'thread');
  return elements.length > 0 && elements.every(({ ns }) => ns === NS.chatStates);
}
