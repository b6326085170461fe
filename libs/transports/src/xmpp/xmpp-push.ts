import type { EnvelopeContent, StoredContent } from '@carillon/domain';
import {
  androidpnNotification,
  type AndroidpnNotification,
  bareJid,
  type Delivery,
  fullJid,
  NS,
  pushMessage,
  type XmppSession,
} from '@carillon/xmpp-server';
import type { OutgoingDelivery } from '../channel/device-channel.js';
import type { InFlight } from '../channel/device-steps.js';
import type { PushContents } from './push-contents.js';

/** The stanza of a push, in the dialect that the session logged in with; undefined where the dialect has none. */
export function pushDelivery(
  session: XmppSession,
  contents: PushContents,
  { notificationId: id, seq, envelope }: OutgoingDelivery,
): Delivery | undefined {
  const { content, sentAt } = contents;
  const { kind, replaces } = content;
  const to = fullJid(session.jid);
  const cookie: InFlight = { notificationId: id, seq };
  if (session.dialect === 'androidpn') {
    if (kind === 'recall') return undefined;
    return { id, cookie, stanza: androidpnNotification({ to, id, ...androidpnFields(id, content) }) };
  }
  const corrects = replaces !== undefined && session.supports(NS.correction) ? replaces : undefined;
  const stanza = contents.stanza({ to, id, envelope, corrects, delayedSince: delayedSince(sentAt) });
  return { id, cookie, stanza };
}

/** The stanza of a push as an archive has it: no receipt is asked for, and the envelope has no `seq`, as it is in no inbox. */
export function archivedPush(session: XmppSession, app: string, { id, contentJson }: StoredContent): string {
  const { title, body, uri } = JSON.parse(contentJson) as EnvelopeContent;
  const from = `${app}@${session.jid.domain}`;
  const to = bareJid(session.jid);
  return pushMessage({ from, to, id, title, body, uri, envelope: contentJson, requestReceipt: false });
}

const SHOWN = '0';
const PAYLOAD = '1';

/** For a program without a text, the message is its data; an image is what `data` names as `imageUrl`. */
function androidpnFields(
  id: string,
  { kind, title, body, uri, data }: EnvelopeContent,
): Omit<AndroidpnNotification, 'to' | 'id'> {
  const imageUrl = data?.imageUrl;
  return {
    notificationId: id,
    title: title ?? '',
    message: body ?? (title === undefined && data ? JSON.stringify(data) : ''),
    ...(uri !== undefined && { uri }),
    extra: {
      uuid: id,
      pushType: kind === 'message' ? PAYLOAD : SHOWN,
      ...(typeof imageUrl === 'string' && { imageUrl }),
    },
  };
}

/** Older than this, a push says since when it was waiting, ms. */
const STORED_AFTER = 5_000;

function delayedSince(sentAt: number): Date | undefined {
  return Date.now() - sentAt > STORED_AFTER ? new Date(sentAt) : undefined;
}
