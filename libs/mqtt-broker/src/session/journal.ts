import type { QoS } from '../codec/packets.js';
import type { InflightEntry } from '../inflight/inflight-window.js';
import type { Publication } from '../inflight/publication.js';
import type { Session } from './session.js';

interface Form {
  readonly qos: QoS;
  readonly retain: boolean;
  readonly identifiers: number[] | undefined;
  readonly share: string | undefined;
}

/**
 * A message of a durable session is on its way, from the queue (under its key there) or without having waited.
 * @returns its key
 */
export function recordSent(
  session: Session,
  entry: InflightEntry,
  publication: Publication,
  key: number,
): number {
  if (key === 0) return recordQueued(session, entry, publication, entry.packetId);
  session.record({ op: 'sent', key, packetId: entry.packetId });
  return key;
}

/**
 * A message belongs to a durable session from now on.
 * @returns its key
 */
export function recordQueued(
  session: Session,
  { qos, retain, identifiers, share }: Form,
  publication: Publication,
  packetId: number,
): number {
  const key = session.nextKey();
  const form = { qos, retain, identifiers, share };
  const message = { ...form, packetId, released: false, publication: publication.logged() };
  session.record({ op: 'queued', key, message });
  return key;
}
