import type { AccountOutcome, AndroidpnEvent } from '../hooks.js';
import { escapeText, escapeXml } from '../stanza/escape.js';
import { NS } from '../stream/namespaces.js';
import type { Session } from '../session/session.js';
import type { Feature, IqReply, IqRequest, PendingIqReply } from './feature.js';
import { refusalOf } from './xep-0077-registration.js';

const MAX_ANSWERED = 64;

export interface AndroidpnNotification {
  /** Full JID of the session. */
  to: string;
  /** Id of the IQ: a fork's empty result names it. */
  id: string;
  /** Id of the notification, which forks repeat in their receipts. */
  notificationId: string;
  apiKey?: string;
  title: string;
  message: string;
  /** The client opens `http:`, `https:`, `tel:` and `geo:`. */
  uri?: string;
  /** Further children, such as `uuid` or `imageUrl`; unknown ones are ignored. A child named `notification` would break the client's parser. */
  extra?: Record<string, string>;
}

/** androidpn's push. Its parser matches names at any depth, the last one winning: so the tree stays flat. */
export function androidpnNotification(push: AndroidpnNotification): string {
  const fields = {
    id: push.notificationId,
    apiKey: push.apiKey ?? '',
    title: push.title,
    message: push.message,
    uri: push.uri ?? '',
    ...push.extra,
  };
  const children = Object.entries(fields)
    .filter(([name]) => name !== 'notification' && /^[A-Za-z][A-Za-z0-9]*$/.test(name))
    .map(([name, value]) => `<${name}>${escapeText(value)}</${name}>`);
  return (
    `<iq type='set' id='${escapeXml(push.id)}' to='${escapeXml(push.to)}'>` +
    `<notification xmlns='${NS.androidpnNotification}'>${children.join('')}</notification></iq>`
  );
}

/** The IQs of androidpn's forks. The user is the session's, whatever the body says. */
export const androidpn: Feature = {
  iq: [
    fork('setalias', NS.androidpnSetAlias, setAlias),
    fork('settags', NS.androidpnSetTags, setTags),
    fork('deliverconfirm', NS.androidpnDeliverConfirm, confirm),
    fork('receipt', NS.androidpnReceipt, confirm),
  ],
};

function fork(
  name: string,
  ns: string,
  handle: (request: IqRequest) => PendingIqReply,
): NonNullable<Feature['iq']>[number] {
  return {
    type: 'set',
    name,
    ns,
    at: ['account', 'server'],
    handle: (request) =>
      request.session.context.options.androidpn ? handle(request) : { error: 'service-unavailable' },
  };
}

function setAlias({ session, payload }: IqRequest): Promise<IqReply> {
  const alias = payload.childText('alias')?.trim() ?? '';
  return outcomeOf(session.hooks.setAlias?.(session, alias));
}

function setTags({ session, payload }: IqRequest): Promise<IqReply> {
  const tags = (payload.childText('tags') ?? '').split(',').map((tag) => tag.trim());
  const named = tags.filter((tag) => tag !== '');
  return outcomeOf(session.hooks.setTags?.(session, named));
}

async function outcomeOf(change: Promise<AccountOutcome> | undefined): Promise<IqReply> {
  return change ? refusalOf(await change) : { error: 'service-unavailable' };
}

function confirm({ session, payload }: IqRequest): IqReply {
  const id = payload.childText('uuid')?.trim();
  if (!id) return { error: 'bad-request', text: 'no uuid' };
  const underWay = session.acknowledgeById(id, 'receipt');
  report(session, { kind: 'received', id, by: 'receipt', underWay });
  return '';
}

/** One fork answers a notification's IQ twice: the first result means received, the second read. */
export function onNotificationAnswered(session: Session, id: string, underWay: boolean): void {
  const answeredIds = (session.answeredIds ??= new Set());
  if (answeredIds.delete(id)) return report(session, { kind: 'read', id });
  remember(answeredIds, id);
  report(session, { kind: 'received', id, by: 'iq', underWay });
}

function remember(ids: Set<string>, id: string): void {
  ids.add(id);
  if (ids.size <= MAX_ANSWERED) return;
  const [oldest] = ids;
  ids.delete(oldest!);
}

function report(session: Session, event: AndroidpnEvent): void {
  session.hooks.onAndroidpnEvent?.(session, event);
}

const KEY_LABEL = /^[a-z0-9-]{1,63}$/;

/**
 * The registration key in a host name below the server's own, `KEY.push.example.org`: an unmodified client registers by itself, with fields that
 * nobody can add to, and can be told a host name and nothing else.
 */
export function keyInHost(host: string | undefined, domain: string): string | undefined {
  const name = host?.toLowerCase() ?? '';
  if (!name.endsWith(`.${domain}`)) return undefined;
  const label = name.slice(0, -domain.length - 1);
  return KEY_LABEL.test(label) ? label : undefined;
}
