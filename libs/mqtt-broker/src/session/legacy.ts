import type { Publication } from '../inflight/publication.js';
import type { Session } from './session.js';

/** A message of a shared subscription whose member is gone. */
export interface Bequest {
  /** `$share/{group}/{filter}` */
  readonly share: string;
  readonly publication: Publication;
}

/**
 * What a session that ends leaves to the other members of its shared subscriptions, oldest first: what it has not
 * acknowledged at QoS 1, and what was not sent yet (MQTT 5.0 §4.8.2). What was begun at QoS 2 goes with it [MQTT-4.8.2-5].
 */
export function bequestsOf(session: Session): readonly Bequest[] {
  const bequests: Bequest[] = [];
  for (const { qos, share, publication } of session.window.all()) {
    if (qos === 1 && share !== undefined && publication) bequests.push({ share, publication });
  }
  if (session.queued === 0) return bequests;
  for (const { share, publication } of session.queue) {
    if (share !== undefined) bequests.push({ share, publication });
  }
  return bequests;
}
