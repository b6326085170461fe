import { envelopeContent, type Notification } from '@carillon/domain';

/** What was read from Redis as a text, or was made into one before, is not made again for every inbox and every edge. */
const texts = new WeakMap<Notification, string>();

/** The notification's part of the envelope, as JSON. */
export function contentJsonOf(notification: Notification): string {
  const known = texts.get(notification);
  if (known !== undefined) return known;
  const text = JSON.stringify(envelopeContent(notification));
  texts.set(notification, text);
  return text;
}

/** @param text that the notification was stored with */
export function rememberContentJson(notification: Notification, text: string): void {
  texts.set(notification, text);
}
