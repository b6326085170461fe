import type { Session } from '../session/session.js';
import { filterMatches } from '../topics/topic-filter.js';
import type { LogEntry, LoggedPublication, PublicationLog } from './publication-log.js';
import type { ShareView } from './share-view.js';

/** Brokers that went without a word about whom sessions were restored: no more are remembered. */
const MEMORY = 8;

/**
 * What brokers that are gone were to give to members of shared subscriptions and may not have given. Their sessions that
 * last are given it by whoever restores them; the members whose sessions went with them have heirs.
 */
export class GoneBrokers {
  /** Broker → share → position up to which a restored session of its has been given all. */
  private readonly restored = new Map<string, Map<string, number>>();

  constructor(
    private readonly log: PublicationLog,
    private readonly shares: ShareView,
  ) {}

  /** A session of that broker has been given what the log brought for it up to a position. */
  restore(broker: string, session: Session, position: number): void {
    for (const { share } of session.subscriptions?.values() ?? []) {
      if (share === undefined) continue;
      const positions = this.restored.get(broker) ?? new Map<string, number>();
      this.restored.set(broker, positions.set(share, Math.max(position, positions.get(share) ?? 0)));
    }
    for (const oldest of this.restored.keys()) if (this.restored.size > MEMORY) this.restored.delete(oldest);
  }

  /**
   * Appends once more what fell to the broker behind a position and up to another, for those who have members now. What
   * it had given in that time comes twice; of QoS 2 that must not be [MQTT-4.8.2-5], so that is left out.
   */
  async bequeath(broker: string, after: number, upTo: number): Promise<void> {
    const shares = this.shares.heldBy(broker, after);
    if (shares.length === 0) return;
    const written: Promise<number>[] = [];
    for await (const entry of this.log.range(after, upTo)) {
      if (entry.kind !== 'publication' || entry.publication.qos !== 1) continue;
      for (const publication of this.bequests(broker, entry, shares)) {
        written.push(this.log.append(publication));
      }
      if (this.log.congested) await Promise.all(written.splice(0));
    }
    await Promise.all(written);
    this.restored.delete(broker);
  }

  private bequests(
    broker: string,
    { publication, position }: LogEntry & { kind: 'publication' },
    shares: readonly { share: string; topicFilter: string }[],
  ): LoggedPublication[] {
    return shares
      .filter(
        ({ share, topicFilter }) =>
          (publication.share ?? share) === share &&
          filterMatches(topicFilter, publication.topic) &&
          position > (this.restored.get(broker)?.get(share) ?? 0) &&
          this.shares.choose(share, position) === broker,
      )
      .map(({ share }) => ({ ...publication, share }));
  }
}
