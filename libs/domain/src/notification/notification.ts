import type { Audience, RejectedName } from '../audience/audience.js';
import type { ContentTemplate } from '../content/content-template.js';
import type { Priority } from '../delivery/writing-order.js';
import { formatInstant } from '../time/instant.js';
import type { Pace } from './pace.js';

/** `notification` is shown to a person, `message` goes to the program, `recall` tells it to remove another one. */
export type NotificationKind = 'notification' | 'message' | 'recall';
export type TransportKind = 'mqtt' | 'xmpp' | 'poll';
export const TRANSPORT_KINDS: readonly TransportKind[] = ['mqtt', 'xmpp', 'poll'];

/** What is said. */
export interface ContentFields {
  readonly title?: string;
  readonly body?: string;
  readonly uri?: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

export interface NotificationContent extends ContentFields {
  readonly kind: NotificationKind;
  /** The id of one that was sent before, in whose place this one is shown. */
  readonly replaces?: string;
  /** The id of the one that a recall takes back. */
  readonly recalls?: string;
}

/** Times are milliseconds since 1970; a notification without `transports` may use any. */
export interface Notification extends NotificationContent {
  readonly id: string;
  readonly app: string;
  readonly audience: Audience;
  /** Names in its audience that stood for nothing when it was accepted. */
  readonly rejected?: readonly RejectedName[];
  readonly acceptedAt: number;
  /** When it is due; equals `acceptedAt` for "now". */
  readonly at: number;
  readonly expiresAt: number;
  /** Seconds; 0 = only for devices that are online when it is sent. */
  readonly ttl: number;
  readonly collapseKey?: string;
  readonly transports?: readonly TransportKind[];
  /** `normal` unless given. */
  readonly priority?: Priority;
  readonly requireAck?: boolean;
  /** Seconds. */
  readonly fallbackAfter?: number;
  /** Spread over time; undefined: to everybody at once. */
  readonly pace?: Pace;
  /** What caps count it under. */
  readonly category?: string;
  /** No cap holds it back. */
  readonly critical?: boolean;
  /** What is said over these transports instead. */
  readonly overrides?: ContentOverrides;
  /** What is said to each device is made from this when it is put into its inbox. */
  readonly template?: ContentTemplate;
}

export type ContentOverrides = Readonly<Partial<Record<TransportKind, ContentFields>>>;

/**
 * scheduled → accepted → sending → sent, or cancelled, or recalled. `sent` means that every inbox has it; what became of
 * each delivery is told by the counts.
 */
export type NotificationStatus = 'scheduled' | 'accepted' | 'sending' | 'sent' | 'cancelled' | 'recalled';

export const DEFAULT_TTL = 3 * 86_400;
export const MAX_TTL = 30 * 86_400;
/** A notification for later lies at most this far ahead, ms. */
export const MAX_SCHEDULE_AHEAD = 366 * 86_400_000;
/** For how long a `ttl: 0` notification may be on its way to a device that is online, ms. */
export const ONLINE_ONLY_GRACE = 15_000;
/** For how long deliveries can be looked at after their notification expired, ms. */
export const HISTORY_RETENTION = 7 * 86_400_000;
export const MAX_FALLBACK_AFTER = 86_400;
/** Title, body, uri and data together, bytes of JSON. */
export const MAX_CONTENT_BYTES = 64 * 1024;

/** What a device gets, on every transport. Times are RFC 3339. */
export interface Envelope extends NotificationContent {
  readonly id: string;
  readonly seq: number;
  readonly sentAt: string;
  readonly expiresAt: string;
  readonly collapseKey?: string;
}

/** A notification's part of the envelope, the same for every device: all but `seq`. What is not said is undefined, and so not in its JSON. */
export type EnvelopeContent = Omit<Envelope, 'seq'>;

export function envelopeContent(notification: Notification): EnvelopeContent {
  const { id, kind, title, body, uri, data, collapseKey, replaces, recalls } = notification;
  return {
    id,
    kind,
    title,
    body,
    uri,
    data,
    sentAt: formatInstant(notification.at),
    expiresAt: formatInstant(notification.expiresAt),
    collapseKey,
    replaces,
    recalls,
  };
}

/** The content's JSON for the transports that have one of their own. */
export function overridesJson(
  notification: Notification,
): Partial<Record<TransportKind, string>> | undefined {
  const { overrides } = notification;
  if (!overrides) return undefined;
  const plain = { title: undefined, body: undefined, uri: undefined, data: undefined };
  return Object.fromEntries(
    Object.entries(overrides).map(([transport, fields]) => [
      transport,
      JSON.stringify(envelopeContent({ ...notification, ...plain, ...fields })),
    ]),
  );
}

/** The envelope of one delivery as JSON, `seq` behind `id`, from the content's JSON (which begins with `{"id":"…"`). */
export function envelopeJson(contentJson: string, id: string, seq: number): string {
  const head = `{"id":"${id}"`;
  return `${head},"seq":${seq}${contentJson.slice(head.length)}`;
}
