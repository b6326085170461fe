import { NS } from '../stream/namespaces.js';
import { escapeText, escapeXml } from './escape.js';

/** What is the same for every recipient of a push. */
export interface PushContent {
  /** JID of the sending app. It needs a local part: some clients ignore chat messages from a bare domain. */
  from: string;
  /** `headline` is for throw-away pushes; stock clients show it only in passing. Default `chat`. */
  type?: 'chat' | 'headline' | 'normal';
  title?: string;
  body?: string;
  uri?: string;
}

/** What differs from one recipient to the next. */
export interface PushDelivery {
  /** JID of the device. */
  to: string;
  /** Stays the same on every redelivery, so that a client can see a repeat. */
  id: string;
  /** JSON text of the envelope for programs (XEP-0335). */
  envelope?: string;
  /** Whether to ask for a receipt (XEP-0184). Default true. */
  requestReceipt?: boolean;
  /** The push that this one takes the place of, for a client that knows corrections (XEP-0308). */
  corrects?: string;
  /** When the push was stored, if it is not sent at once (XEP-0203). */
  delayedSince?: Date;
}

export type PushMessage = PushContent & PushDelivery;

/**
 * The push stanza: a readable body for people, the envelope for programs. The title stands in the body too, for clients that never show a
 * subject. Serialised without `xmlns`, as it stands inside a `jabber:client` stream.
 */
export function pushMessage(push: PushMessage): string {
  return preparePush(push)(push);
}

/** Serialises what all recipients share once; the result then adds what one recipient alone has. */
export function preparePush(content: PushContent): (delivery: PushDelivery) => string {
  const head = `<message from='${escapeXml(content.from)}' type='${content.type ?? 'chat'}' to='`;
  const shared = sharedChildren(content);
  const delayFrom = escapeXml(content.from);
  return (delivery) => {
    const to = escapeXml(delivery.to);
    const id = escapeXml(delivery.id);
    return `${head}${to}' id='${id}'>${shared}${ownChildren(delivery, bareOf(to), id, delayFrom)}</message>`;
  };
}

function sharedChildren({ title, body, uri }: PushContent): string {
  const lines = [title, body, uri].filter((line) => line !== undefined && line !== '');
  const subject = title ? `<subject>${escapeText(title)}</subject>` : '';
  const text = lines.length > 0 ? `<body>${escapeText(lines.join('\n'))}</body>` : '';
  const oob = uri ? `<x xmlns='${NS.oob}'><url>${escapeText(uri)}</url></x>` : '';
  return subject + text + oob;
}

function ownChildren(delivery: PushDelivery, account: string, id: string, delayFrom: string): string {
  let xml = '';
  if (delivery.envelope !== undefined)
    xml += `<json xmlns='${NS.json}'>${escapeText(delivery.envelope)}</json>`;
  if (delivery.requestReceipt !== false) xml += `<request xmlns='${NS.receipts}'/>`;
  xml += `<stanza-id xmlns='${NS.stanzaId}' by='${account}' id='${id}'/>`;
  if (delivery.corrects !== undefined)
    xml += `<replace xmlns='${NS.correction}' id='${escapeXml(delivery.corrects)}'/>`;
  if (delivery.delayedSince) {
    xml += `<delay xmlns='${NS.delay}' from='${delayFrom}' stamp='${delivery.delayedSince.toISOString()}'/>`;
  }
  return xml;
}

function bareOf(jid: string): string {
  const slash = jid.indexOf('/');
  return slash < 0 ? jid : jid.slice(0, slash);
}
