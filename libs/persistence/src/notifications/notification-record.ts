import {
  type Audience,
  type ContentOverrides,
  type ContentTemplate,
  HISTORY_RETENTION,
  type Notification,
  type NotificationStatus,
  ONLINE_ONLY_GRACE,
  overridesJson,
  type Pace,
  type RejectedName,
  type StoredContent,
  type TransportKind,
} from '@carillon/domain';
import { contentJsonOf, rememberContentJson } from './content-json.js';

/** A stored notification with how far it has come. Times are ms since 1970. */
export interface NotificationRecord {
  readonly notification: Notification;
  readonly status: NotificationStatus;
  /** A paced one that goes to nobody for the time being. */
  readonly paused: boolean;
  /** The partitions that its deliveries are in; undefined until the audience was resolved. */
  readonly partitions?: readonly number[];
  readonly sentAt?: number;
  readonly cancelledAt?: number;
  readonly recalledAt?: number;
  /** The notification that told devices of the recall. */
  readonly recallId?: string;
}

/** The envelope fields that are read back from the content's JSON. */
type StoredEnvelope = Pick<Notification, 'kind' | 'title' | 'body' | 'uri' | 'data' | 'replaces' | 'recalls'>;

/** Field, value, … */
export function toFields(notification: Notification): string[] {
  const fields: string[] = [];
  pushFields(fields, notification);
  return fields;
}

/** The same behind what is there: every send makes them. */
export function pushFields(fields: string[], notification: Notification): void {
  const { app, acceptedAt, at, expiresAt, ttl, audience, rejected, collapseKey, transports } = notification;
  fields.push('app', app, 'status', at > acceptedAt ? 'scheduled' : 'accepted');
  fields.push('acceptedAt', String(acceptedAt), 'at', String(at), 'expiresAt', String(expiresAt));
  fields.push('ttl', String(ttl), 'audience', JSON.stringify(audience));
  if (rejected && rejected.length > 0) fields.push('rejected', JSON.stringify(rejected));
  fields.push('content', contentJsonOf(notification));
  if (collapseKey !== undefined) fields.push('collapseKey', collapseKey);
  if (transports) fields.push('transports', transports.join(','));
  pushOptions(fields, notification);
}

/** What is left at its default has no field. */
function pushOptions(fields: string[], notification: Notification): void {
  const { priority, requireAck, fallbackAfter, pace, overrides, template, category, critical } = notification;
  if (category !== undefined) fields.push('category', category);
  if (critical) fields.push('critical', '1');
  if (overrides) fields.push('overrides', JSON.stringify(overridesJson(notification)));
  if (template) fields.push('template', JSON.stringify(template), 'varies', '1');
  if (pace) fields.push('pace', JSON.stringify(pace));
  if (priority === 'high') fields.push('priority', priority);
  if (requireAck) fields.push('requireAck', '1');
  if (fallbackAfter !== undefined) fields.push('fallbackAfter', String(fallbackAfter));
}

function optionsOf(
  priority: string | null | undefined,
  requireAck: string | null | undefined,
  fallbackAfter: string | null | undefined,
): Pick<StoredContent, 'priority' | 'requireAck' | 'fallbackAfter'> {
  return {
    ...(priority === 'high' && { priority }),
    ...(requireAck === '1' && { requireAck: true }),
    ...(fallbackAfter && { fallbackAfter: Number(fallbackAfter) }),
  };
}

export function fromFields(
  id: string,
  fields: Readonly<Record<string, string>>,
): NotificationRecord | undefined {
  if (!fields.app || !fields.content) return undefined;
  const { kind, title, body, uri, data, replaces, recalls } = JSON.parse(fields.content) as StoredEnvelope;
  const transports = fields.transports?.split(',') as TransportKind[] | undefined;
  const at = Number(fields.at);
  const notification: Notification = {
    id,
    app: fields.app,
    kind,
    title,
    body,
    uri,
    data,
    replaces,
    recalls,
    audience: JSON.parse(fields.audience!) as Audience,
    ...(fields.rejected && { rejected: JSON.parse(fields.rejected) as RejectedName[] }),
    acceptedAt: Number(fields.acceptedAt),
    at,
    expiresAt: Number(fields.expiresAt),
    ttl: Number(fields.ttl),
    collapseKey: fields.collapseKey,
    transports,
    ...optionsOf(fields.priority, fields.requireAck, fields.fallbackAfter),
    ...(fields.pace && { pace: JSON.parse(fields.pace) as Pace }),
    ...(fields.category && { category: fields.category }),
    ...(fields.critical && { critical: true }),
    ...(fields.overrides && { overrides: overridesOf(fields.overrides) }),
    ...(fields.template && { template: JSON.parse(fields.template) as ContentTemplate }),
  };
  rememberContentJson(notification, fields.content);
  return {
    notification,
    status: statusOf(fields, at),
    paused: fields.pausedAt !== undefined,
    ...(fields.partitions !== undefined && { partitions: partitionsOf(fields.partitions) }),
    ...(fields.sentAt && { sentAt: Number(fields.sentAt) }),
    ...(fields.cancelledAt && { cancelledAt: Number(fields.cancelledAt) }),
    ...(fields.recalledAt && { recalledAt: Number(fields.recalledAt) }),
    ...(fields.recallId && { recallId: fields.recallId }),
  };
}

/** A scheduled one whose time has come waits in the intake stream like any other. */
function statusOf(fields: Readonly<Record<string, string>>, at: number): NotificationStatus {
  const status = fields.status as NotificationStatus;
  return status === 'scheduled' && at <= Date.now() ? 'accepted' : status;
}

function overridesOf(stored: string): ContentOverrides {
  const byTransport = Object.entries(JSON.parse(stored) as Record<string, string>);
  return Object.fromEntries(
    byTransport.map(([transport, json]) => {
      const { title, body, uri, data } = JSON.parse(json) as StoredEnvelope;
      return [transport, { title, body, uri, data }];
    }),
  );
}

/** One that was begun more than once may name some twice. */
const partitionsOf = (stored: string): number[] =>
  stored === '' ? [] : [...new Set(stored.split(',').map(Number))];

/** @returns the content, and whether devices have their own instead */
export function toContent(
  id: string,
  row: readonly (string | null)[],
): { content: StoredContent; varies: boolean } | undefined {
  const [app, contentJson, expiresAt, transports, overrides, varies, ...options] = row;
  if (!app || !contentJson) return undefined;
  const content = {
    id,
    app,
    contentJson,
    expiresAt: Number(expiresAt),
    ...(overrides && { overrides: JSON.parse(overrides) as StoredContent['overrides'] }),
    ...(transports && { transports: transports.split(',') as TransportKind[] }),
    ...optionsOf(options[0], options[1], options[2]),
  };
  return { content, varies: varies === '1' };
}

export const CONTENT_FIELDS = [
  'app',
  'content',
  'expiresAt',
  'transports',
  'overrides',
  'varies',
  'priority',
  'requireAck',
  'fallbackAfter',
] as const;

/** When the last thing to know about a notification may be forgotten, ms since 1970. */
export const forgetAt = (notification: Notification): number =>
  Math.max(notification.expiresAt, notification.at + ONLINE_ONLY_GRACE) + HISTORY_RETENTION;
