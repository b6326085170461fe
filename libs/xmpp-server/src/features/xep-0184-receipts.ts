import { Element } from '../stanza/element.js';
import { NS } from '../stream/namespaces.js';

/** The id that a receipt names (XEP-0184 §5.2). */
export function receiptIn(message: Element): string | undefined {
  const received = message.child('received', NS.receipts);
  return received?.attrs['id'];
}

/** The receipt that a message asks for, from the app that took it. An error or a message without id gets none (XEP-0184 §5.1). */
export function receiptFor(message: Element): string | undefined {
  const { id, type, from, to } = message.attrs;
  if (id === undefined || type === 'error' || type === 'groupchat') return undefined;
  if (!message.child('request', NS.receipts)) return undefined;
  const received = new Element('received', NS.receipts, { id });
  return new Element('message', NS.client, { type, from: to, to: from }, [received]).toString(NS.client);
}
