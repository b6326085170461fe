import { Element } from '../stanza/element.js';
import type { Session } from '../session/session.js';
import { NS } from '../stream/namespaces.js';
import type { Feature, IqReply, IqRequest } from './feature.js';
import { isChatStateAlone } from './xep-0085-chat-states.js';

/** Copies of chat for the other resources of an account that ask for them. Pushes are not copied: each resource gets its own. */
export const carbons: Feature = {
  vars: [NS.carbons],
  accountVars: [NS.carbons],
  iq: [
    { type: 'set', name: 'enable', ns: NS.carbons, at: ['account'], handle: (request) => set(request, true) },
    {
      type: 'set',
      name: 'disable',
      ns: NS.carbons,
      at: ['account'],
      handle: (request) => set(request, false),
    },
  ],
};

function set({ session }: IqRequest, wanted: boolean): IqReply {
  session.carbons = wanted;
  session.onChanged();
  return '';
}

/** What a resource sent goes to the others of its account, and what one got to the others of that (XEP-0280 §6, §7). */
export function copyMessage(sender: Session, message: Element, recipient: Session | undefined): void {
  if (!isEligible(message)) return removeMark(message);
  copyTo(sender, 'sent', message);
  if (recipient && recipient.bare !== sender.bare) copyTo(recipient, 'received', message);
}

/** XEP-0280 §6.1: chat, and what else a person reads. */
function isEligible(message: Element): boolean {
  if (message.child('private', NS.carbons) || message.child('no-copy', NS.hints)) return false;
  const { type = 'normal' } = message.attrs;
  return type === 'chat' || (type === 'normal' && message.child('body') !== undefined);
}

/** The mark is for the server alone (XEP-0280 §10). */
function removeMark({ children }: Element): void {
  const at = children.findIndex((child) => typeof child !== 'string' && child.is('private', NS.carbons));
  if (at >= 0) children.splice(at, 1);
}

function copyTo(origin: Session, direction: 'sent' | 'received', message: Element): void {
  const { bare, context } = origin;
  let forwarded: string | undefined;
  for (const other of context.sessions.ofAccount(bare)) {
    if (other === origin || !other.carbons || !other.acceptsRouted) continue;
    forwarded ??=
      `<${direction} xmlns='${NS.carbons}'><forwarded xmlns='${NS.forward}'>` +
      `${message.toString(NS.forward)}</forwarded></${direction}>`;
    const { type } = message.attrs;
    const attrs = { from: bare, to: other.full, type };
    const open = new Element('message', '', attrs).toString().slice(0, -2);
    const copy = `${open}>${forwarded}</message>`;
    if (isChatStateAlone(message))
      other.sendWhenSeen(`chat state ${message.attrs['from']} ${message.attrs['to']}`, copy);
    else other.sendStanza(copy);
  }
}
