import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine } from '../engine.js';
import type { Bequest } from '../session/legacy.js';
import type { Session } from '../session/session.js';
import { parseFilter } from '../topics/topic-filter.js';
import type { PublicationLog } from './publication-log.js';
import type { ShareView } from './share-view.js';

/** How long a client waits for the end of the session that it had, ms; after that its messages may come twice. */
const PATIENCE_MS = 2_000;

/**
 * Sessions that ended here. What they leave to other members of shared subscriptions is in the log before the store
 * forgets them: whoever inherits from this broker in between does it again.
 */
export class EndedSessions {
  private readonly underWay = new Map<string, Promise<void>>();

  constructor(
    private readonly engine: Engine,
    private readonly log: PublicationLog,
    private readonly shares: ShareView,
  ) {}

  end({ id, hold }: Session, bequests: readonly Bequest[]): void {
    const wanted = bequests.filter(
      ({ share, publication }) => !publication.expired(this.engine.now()) && this.hasHeirs(share),
    );
    if (wanted.length === 0) return hold?.end();
    const written = wanted.map(({ share, publication }) =>
      this.log.append({ ...publication.logged(), share }),
    );
    const ended = Promise.all(written).then(() => {
      hold?.end();
      if (this.underWay.get(id) === ended) this.underWay.delete(id);
    });
    this.underWay.set(id, ended);
    this.engine.supervise(ended, 'ending a session');
  }

  /** Fulfilled when no session of this client is about to end. */
  async settled(clientId: string): Promise<void> {
    const ended = this.underWay.get(clientId);
    if (ended) await Promise.race([ended, sleep(PATIENCE_MS, undefined, { ref: false })]);
  }

  private hasHeirs(share: string): boolean {
    const parsed = parseFilter(share, this.engine.limits);
    if (!parsed) return false;
    return this.engine.index.group(parsed) !== undefined || this.shares.others(share, this.log.id);
  }
}
