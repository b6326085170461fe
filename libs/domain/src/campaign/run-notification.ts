import { createHash } from 'node:crypto';
import type { Audience } from '../audience/audience.js';
import { idOf } from '../identifiers.js';
import type { DeliverAt } from '../notification/deliver-at.js';
import type { Notification } from '../notification/notification.js';

/**
 * The id of a run's notification: always the same for the same campaign, time and part, so that what begins twice is one.
 * @param fits whether an id may be used (it has to lie in the campaign's lane)
 */
export function runNotificationId(
  campaignId: string,
  at: number,
  part: string,
  fits: (id: string) => boolean,
): string {
  for (let attempt = 0; ; attempt++) {
    const digest = createHash('sha256').update(`${campaignId} ${at} ${part} ${attempt}`).digest();
    const id = idOf(at, digest);
    if (fits(id)) return id;
  }
}

export interface Sending {
  readonly id: string;
  readonly audience: Audience;
  /** When it is due, ms since 1970. */
  readonly at: number;
  /** Each device at this time on its own clock. */
  readonly deliverAt?: DeliverAt;
  /** When the last device's time has come; `at` unless given. */
  readonly lastAt?: number;
}

/** A campaign's message as a notification of its own: all times that it was made with move along. */
export function runNotification(
  template: Notification,
  { id, audience, at, deliverAt, lastAt = at }: Sending,
): Notification {
  const shift = lastAt - template.at;
  const { pace } = template;
  return {
    ...template,
    id,
    audience,
    acceptedAt: at,
    at,
    expiresAt: template.expiresAt + shift,
    ...(pace && {
      pace: { ...pace, notAfter: pace.notAfter + shift, ...(deliverAt && { deliverAt }) },
    }),
  };
}
