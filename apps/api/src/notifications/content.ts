import {
  CarillonError,
  type Fault,
  MAX_CONTENT_BYTES,
  type NotificationContent,
  uncarriableAt,
} from '@carillon/domain';
import { escapePointer, invalidRequest } from '@carillon/process';
import type { SendNotification } from './notification.dto.js';

/**
 * The content of a request, which every transport can carry.
 * @throws CarillonError `invalid-request` or `payload-too-large`
 */
export function contentOf(request: SendNotification): NotificationContent {
  const { title, body, uri, data } = request;
  const content: NotificationContent = {
    kind: request.kind ?? 'notification',
    ...(title && { title }),
    ...(body && { body }),
    ...(uri && { uri }),
    ...(data && { data }),
  };
  const faults = [...missing(content), ...uncarriable({ title, body, uri, data }, '')];
  if (faults.length > 0) throw invalidRequest(faults);
  checkSize(content);
  return content;
}

function missing({ kind, title, body, data }: NotificationContent): Fault[] {
  if (title !== undefined || body !== undefined) return [];
  if (kind === 'notification')
    return [{ pointer: '/title', detail: 'or /body must be given: a notification is shown to a person' }];
  return data === undefined
    ? [{ pointer: '/data', detail: 'or /title or /body must be given: the message is empty' }]
    : [];
}

/** Every string, the names of members included. The body's depth is bounded before. */
function uncarriable(value: unknown, pointer: string): Fault[] {
  if (typeof value === 'string') return faultIn(value, pointer);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, item]) => {
    const at = `${pointer}/${escapePointer(name)}`;
    return [...faultIn(name, at), ...uncarriable(item, at)];
  });
}

function faultIn(text: string, pointer: string): Fault[] {
  const at = uncarriableAt(text);
  if (at < 0) return [];
  const code = text.charCodeAt(at).toString(16).toUpperCase().padStart(4, '0');
  return [{ pointer, detail: `has a character at ${at} (U+${code}) that XML, and so XMPP, cannot carry` }];
}

function checkSize({ title, body, uri, data }: NotificationContent): void {
  const bytes = Buffer.byteLength(JSON.stringify({ title, body, uri, data }));
  if (bytes <= MAX_CONTENT_BYTES) return;
  throw new CarillonError(
    'payload-too-large',
    `title, body, uri and data have ${bytes} bytes together; ${MAX_CONTENT_BYTES} is the most`,
  );
}
