import {
  DEFAULT_TTL,
  type DeliverAt,
  type Message,
  type Notification,
  ONLINE_ONLY_GRACE,
  type Pace,
  parseAudience,
  parseDeliverAt,
  parsePace,
  sayMessage,
} from '@carillon/domain';
import { invalidRequest } from '@carillon/process';
import { dueDay, dueTime } from './due-time.js';
import type { SendNotification } from './notification.dto.js';

/**
 * The notification that a request stands for.
 * @param message what it says
 * @throws CarillonError `invalid-request`, `invalid-audience`, `time-in-past` or `payload-too-large`
 */
export function buildNotification(
  id: string,
  app: string,
  request: SendNotification,
  message: Message,
  now: number,
): Notification {
  const audience = parseAudience(request.audience);
  const deliverAt = request.deliverAt ? parseDeliverAt(request.deliverAt) : undefined;
  const at =
    deliverAt?.day === undefined ? dueTime(request.at, request.zone, now) : dueDay(deliverAt, request, now);
  const ttl = request.ttl ?? DEFAULT_TTL;
  const pace = paceOf(request, deliverAt, at);
  const said = sayMessage(message, { id, at });
  const { collapseKey, category, critical, transports, replaces, priority, requireAck } = request;
  // Every field, always, and no spreading: a notification made of parts takes ten kilobytes, and the time to collect them.
  return {
    id,
    app,
    kind: said.kind,
    title: said.title,
    body: said.body,
    uri: said.uri,
    data: said.data,
    overrides: said.overrides,
    template: said.template,
    audience,
    rejected: undefined,
    acceptedAt: now,
    at,
    expiresAt: (pace?.notAfter ?? at) + (ttl === 0 ? ONLINE_ONLY_GRACE : ttl * 1_000),
    ttl,
    pace,
    collapseKey: collapseKey || undefined,
    category: category || undefined,
    critical: critical || undefined,
    transports: transports ? [...new Set(transports)] : undefined,
    replaces: replaces || undefined,
    priority: priority === 'high' ? priority : undefined,
    requireAck: requireAck || undefined,
    fallbackAfter: fallbackOf(request),
  };
}

/** Each device at its own time is a pace too: it can be paused, has an end, and goes with a rate and windows. */
function paceOf({ pace }: SendNotification, deliverAt: DeliverAt | undefined, at: number): Pace | undefined {
  if (!pace && !deliverAt) return undefined;
  return { ...parsePace(pace ?? {}, at), ...(deliverAt && { deliverAt }) };
}

function fallbackOf({ fallbackAfter, requireAck }: SendNotification): number | undefined {
  if (fallbackAfter && !requireAck) {
    throw invalidRequest([
      { pointer: '/fallbackAfter', detail: 'is for notifications with "requireAck": true' },
    ]);
  }
  return fallbackAfter || undefined;
}
