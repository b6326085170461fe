import type { EnvelopeContent } from '@carillon/domain';
import {
  androidpnNotification,
  type Delivery,
  fullJid,
  pushMessage,
  type XmppSession,
} from '@carillon/xmpp-server';
import type { OutgoingDelivery } from '../channel/device-channel.js';
import type { InFlight } from '../channel/device-steps.js';

/** The stanza of a push, in the dialect that the session logged in with; undefined where the dialect has none. */
export function pushDelivery(
  session: XmppSession,
  app: string,
  outgoing: OutgoingDelivery,
): Delivery | undefined {
  const { notificationId: id, seq, envelope, content } = outgoing;
  const { kind, title, body, uri, sentAt } = JSON.parse(content.contentJson) as EnvelopeContent;
  const to = fullJid(session.jid);
  const cookie: InFlight = { notificationId: id, seq };
  if (session.dialect === 'androidpn') {
    if (kind === 'recall') return undefined;
    return {
      id,
      cookie,
      stanza: androidpnNotification({
        to,
        id,
        notificationId: id,
        title: title ?? '',
        message: body ?? '',
        uri: uri ?? '',
      }),
    };
  }
  const stanza = pushMessage({
    from: `${app}@${session.jid.domain}`,
    to,
    id,
    title,
    body,
    uri,
    envelope,
    delayedSince: delayedSince(sentAt),
  });
  return { id, cookie, stanza };
}

/** Older than this, a push says since when it was waiting, ms. */
const STORED_AFTER = 5_000;

function delayedSince(sentAt: string): Date | undefined {
  const sent = new Date(sentAt);
  return Date.now() - sent.getTime() > STORED_AFTER ? sent : undefined;
}
