import type { Fault } from '../errors/carillon-error.js';
import { escapePointer } from '../faults.js';
import {
  type ContentFields,
  MAX_CONTENT_BYTES,
  type NotificationKind,
} from '../notification/notification.js';
import { uncarriableAt } from '../notification/text.js';

export const MAX_URI_LENGTH = 2_048;

export const URI_RULE = `must be a URI of up to ${MAX_URI_LENGTH} characters without white space`;

export const isUri = (value: unknown): boolean =>
  typeof value === 'string' && value.length <= MAX_URI_LENGTH && /^\S+$/.test(value);

/** Bytes of title, body, uri and data as JSON. */
export const contentBytes = ({ title, body, uri, data }: ContentFields): number =>
  Buffer.byteLength(JSON.stringify({ title, body, uri, data }));

export const tooLarge = (bytes: number): string =>
  `title, body, uri and data have ${bytes} bytes together; ${MAX_CONTENT_BYTES} is the most`;

/** What keeps content from being sent as it is, to any device over any transport. */
export function contentFaults(kind: NotificationKind, content: ContentFields): Fault[] {
  const { title, body, uri, data } = content;
  const noUri = uri !== undefined && !isUri(uri) ? [{ pointer: '/uri', detail: URI_RULE }] : [];
  return [...missing(kind, content), ...noUri, ...uncarriable({ title, body, uri, data }, '')];
}

function missing(kind: NotificationKind, { title, body, data }: ContentFields): Fault[] {
  if (title !== undefined || body !== undefined) return [];
  if (kind === 'notification')
    return [{ pointer: '/title', detail: 'or /body must be given: a notification is shown to a person' }];
  return data === undefined
    ? [{ pointer: '/data', detail: 'or /title or /body must be given: the message is empty' }]
    : [];
}

/** Every string, the names of members included. The depth of what comes over REST is bounded before. */
export function uncarriable(value: unknown, pointer: string): Fault[] {
  if (isCarriable(value)) return [];
  if (typeof value === 'string') return faultIn(value, pointer);
  return Object.entries(value as object).flatMap(([name, item]) => {
    const at = `${pointer}/${escapePointer(name)}`;
    return [...faultIn(name, at), ...uncarriable(item, at)];
  });
}

function isCarriable(value: unknown): boolean {
  if (typeof value === 'string') return uncarriableAt(value) < 0;
  if (typeof value !== 'object' || value === null) return true;
  for (const name in value)
    if (uncarriableAt(name) >= 0 || !isCarriable((value as Record<string, unknown>)[name])) return false;
  return true;
}

function faultIn(text: string, pointer: string): Fault[] {
  const at = uncarriableAt(text);
  if (at < 0) return [];
  const code = text.charCodeAt(at).toString(16).toUpperCase().padStart(4, '0');
  return [{ pointer, detail: `has a character at ${at} (U+${code}) that XML, and so XMPP, cannot carry` }];
}
