import type { DropReason } from '../hooks.js';
import type { Publication } from '../inflight/publication.js';
import type { Session } from './session.js';

/** @param key under which the session's store knows the publication, or 0 */
export function dropped(session: Session, publication: Publication, key: number, why: DropReason): void {
  const { engine, id } = session;
  if (key !== 0) session.record({ op: 'done', key });
  engine.traffic.publicationDropped(why);
  if (!engine.hooks.onMessageDropped) return;
  engine.notify('onMessageDropped', () => engine.hooks.onMessageDropped?.(id, publication.topic, why));
}
