import type { Will } from '../codec/packets.js';
import type { Connection } from '../connection/connection.js';
import type { Engine } from '../engine.js';
import { Publication } from '../inflight/publication.js';
import { offer, offerToOne } from '../session/delivery.js';
import type { Bequest } from '../session/legacy.js';
import type { Session } from '../session/session.js';
import { mergeSubscriptions, type Recipient, type Subscription } from '../topics/subscription.js';
import type { Match } from '../topics/subscriber-set.js';
import { filterMatches, parseFilter } from '../topics/topic-filter.js';
import { EndedSessions } from './ended-sessions.js';
import { GoneBrokers } from './gone-brokers.js';
import type { LogEntry, LoggedPublication, PublicationLog, SharePresence } from './publication-log.js';
import { fillSession } from './restored-session.js';
import type { SessionClaim, SessionHolder, SessionStore } from './session-store.js';
import { ShareView } from './share-view.js';
import { hasRunOut, willIsDue } from './stored-deadlines.js';

export interface ClusterStores {
  readonly sessions: SessionStore;
  readonly log: PublicationLog;
}

/**
 * This broker as one of several. Subscribers whose session ends with their connection get publications of this broker's
 * clients at once; everybody else gets them from the log: sessions that outlive this broker, shared subscriptions, and
 * clients of other brokers. So a session that moves knows by one position what it has been given.
 */
export class ClusterMember implements SessionHolder {
  private readonly log: PublicationLog;
  private readonly sessions: SessionStore;
  private readonly shares = new ShareView();
  private readonly endings: EndedSessions;
  private readonly gone: GoneBrokers;
  /** What this broker said last of its own members. */
  private readonly announced = new Map<string, SharePresence>();
  /** Shares without members here, of which the others do not know yet. */
  private readonly leaving = new Set<string>();
  /** What is being done with a client id, one thing after another. */
  private readonly turns = new Map<string, Promise<unknown>>();
  private readonly waiters: { position: number; reached: () => void }[] = [];
  /** Of the last entry that was given to subscribers. */
  private position = 0;

  constructor(
    private readonly engine: Engine,
    { sessions, log }: ClusterStores,
  ) {
    this.sessions = sessions;
    this.log = log;
    this.endings = new EndedSessions(engine, log, this.shares);
    this.gone = new GoneBrokers(log, this.shares);
  }

  /** Subscribers may be with other brokers too. */
  get shared(): boolean {
    return this.log.shared;
  }

  async start(): Promise<void> {
    await this.log.start({
      retained: (publications) => this.keep(publications),
      shares: (holdings, position) => {
        this.shares.reset(holdings);
        this.passed(position);
      },
      entry: (entry) => this.apply(entry),
      passed: (position) => this.passed(position),
      interrupted: () => this.interrupted(),
    });
    await this.sessions.start(this);
  }

  async stop(): Promise<void> {
    await this.sessions.stop();
    await this.log.stop();
  }

  /**
   * A publication of a client of this broker, or of the broker itself. `safe` is called when a publisher may be told that
   * it is done. A promise holds back what else the publisher sends.
   */
  route(publication: Publication, safe: () => void = () => undefined): void | Promise<void> {
    const match = this.engine.index.match(publication.topic);
    if (!this.concernsOthers(publication, match)) {
      safe();
      this.engine.distribute(publication);
      return;
    }
    const written = this.log.append(publication.logged());
    for (const recipient of match.recipients) {
      if (!throughLog(publication, recipient)) offer(recipient.session, publication, recipient);
    }
    publication.settle();
    // Whoever publishes and then subscribes finds what is retained.
    const kept = publication.retain ? written.then((position) => this.reached(position)) : written;
    const done = kept.then(safe);
    if (publication.retain || this.log.congested) return done;
    this.engine.supervise(done, 'publication');
  }

  /**
   * Finds a client's own session, wherever that is, or makes a fresh one [MQTT-3.1.2-4], [MQTT-3.1.2-5]. `seat` is called
   * with it while no other broker can have it, or with undefined where there are as many sessions as may be. Rejects if
   * the session cannot be had now.
   */
  enter(
    connection: Connection,
    clientId: string,
    fresh: boolean,
    seat: (session: Session | undefined, resumed: boolean) => void,
  ): Promise<void> {
    return this.inTurn(clientId, async () => {
      const { sessions, limits } = this.engine;
      sessions.get(clientId)?.connection?.disconnect('taken-over'); // [MQTT-3.1.4-3]
      const known = sessions.get(clientId);
      if (!connection.live) return;
      if (known && !fresh) {
        sessions.resume(known);
        return seat(known, true);
      }
      if (known) sessions.end(known);
      if (sessions.size >= limits.maxSessions) return seat(undefined, false);
      await this.endings.settled(clientId);
      const claim = await this.claim(clientId, fresh);
      const session = await this.restore(clientId, claim);
      if (!connection.live) return sessions.park(session);
      sessions.resume(session);
      seat(session, claim.stored !== undefined);
    });
  }

  yield(clientId: string): Promise<void> {
    return this.inTurn(clientId, () => {
      this.giveUp(clientId);
      return this.endings.settled(clientId);
    });
  }

  lost(clientId: string): void {
    this.engine.logger.warn('a session went to another broker, which took this one for dead', { clientId });
    this.giveUp(clientId);
  }

  adopt(clientId: string, claim: SessionClaim): Promise<void> {
    return this.inTurn(clientId, async () => {
      const { sessions, now } = this.engine;
      const { stored } = claim;
      if (!stored || sessions.get(clientId)) return;
      const session = await this.restore(clientId, claim);
      session.offlineSince = stored.offlineSince ?? now();
      if (session.durable) sessions.wait(session);
      else sessions.end(session);
    });
  }

  async left(broker: string, after: number, upTo: number): Promise<void> {
    await this.reached(upTo);
    await this.gone.bequeath(broker, after, upTo);
  }

  /** A session of ours is over. */
  ended(session: Session, bequests: readonly Bequest[]): void {
    this.endings.end(session, bequests);
  }

  /** A session of ours has a connection again. */
  attached(session: Session, identity: string, will: Will | undefined): void {
    const { expiryInterval } = session;
    session.durable = expiryInterval > 0;
    session.hold?.record({ op: 'attached', identity, expiryInterval, will });
    for (const subscription of session.subscriptions?.values() ?? []) this.membersChanged(subscription);
  }

  /** Somebody joined or left a shared subscription here, came or went: the others know what it changes for them. */
  membersChanged(subscription: Subscription): void {
    const { shareName, filter } = subscription;
    if (shareName === undefined) return;
    const presence = this.engine.index.group(subscription)?.presence ?? 'none';
    if ((this.announced.get(filter) ?? 'none') === presence) return;
    if (presence === 'none') {
      this.announced.delete(filter);
      this.leaving.add(filter);
    } else {
      this.announced.set(filter, presence);
      this.leaving.delete(filter);
    }
    this.engine.supervise(this.log.announce(filter, presence), 'announcing a shared subscription');
  }

  private concernsOthers(publication: Publication, { recipients, groups }: Match): boolean {
    if (this.log.shared || publication.retain || groups.length > 0) return true;
    return publication.qos > 0 && recipients.some((recipient) => throughLog(publication, recipient));
  }

  private apply(entry: LogEntry): void {
    if (entry.kind === 'share') this.applyShare(entry);
    else this.applyPublication(entry.publication, entry.position, entry.origin === this.log.id);
    this.passed(entry.position);
  }

  private applyShare({ share, presence, origin, position }: LogEntry & { kind: 'share' }): void {
    this.shares.set(share, origin, presence, position);
    if (origin === this.log.id && presence === 'none') this.leaving.delete(share);
  }

  private applyPublication(logged: LoggedPublication, position: number, own: boolean): void {
    const publication = Publication.fromLog(logged);
    const { recipients, groups } = this.engine.index.match(publication.topic);
    if (logged.share === undefined) {
      if (publication.retain) this.retain(publication);
      for (const recipient of recipients) {
        if (!own || throughLog(publication, recipient)) offer(recipient.session, publication, recipient);
      }
    }
    for (const group of groups) {
      if (this.isOurs(group.share, logged, position)) offerToOne(group, publication);
    }
    for (const share of this.leaving) this.passOn(share, logged, position);
    publication.settle();
  }

  /** Whether a publication for a shared subscription goes to one of its members here. */
  private isOurs(share: string, { share: alone }: LoggedPublication, position: number): boolean {
    if (alone !== undefined && alone !== share) return false;
    return this.shares.choose(share, position) === this.log.id;
  }

  /** The others count on a member that is no longer here: once they know, one of them has the message. */
  private passOn(share: string, logged: LoggedPublication, position: number): void {
    const topicFilter = parseFilter(share, this.engine.limits)?.topicFilter;
    if (topicFilter === undefined || !filterMatches(topicFilter, logged.topic)) return;
    if (!this.isOurs(share, logged, position)) return;
    this.engine.supervise(this.log.append({ ...logged, share }), 'publication of a shared subscription');
  }

  private keep(publications: readonly LoggedPublication[]): void {
    for (const logged of publications) this.retain(Publication.fromLog(logged));
  }

  private retain(publication: Publication): void {
    if (publication.expired(this.engine.now()) || this.engine.retained.store(publication)) return;
    this.engine.clientLog.warn('retained message not kept: no room', { topic: publication.topic });
  }

  private passed(position: number): void {
    this.position = Math.max(this.position, position);
    while (this.waiters[0] && this.waiters[0].position <= position) this.waiters.shift()!.reached();
  }

  /** One that is not wanted, or has run out, ends with all that follows from its end. */
  private async claim(clientId: string, fresh: boolean): Promise<SessionClaim> {
    const { sessions, now } = this.engine;
    const claim = await this.sessions.claim(clientId, false);
    const { stored } = claim;
    if (!stored) return claim;
    if (fresh || hasRunOut(stored, now())) {
      sessions.end(await this.restore(clientId, claim));
      await this.endings.settled(clientId);
      return this.sessions.claim(clientId, true);
    }
    if (stored.will && willIsDue(stored, now())) {
      this.engine.publishWill(clientId, { client: undefined, will: stored.will });
      stored.will = undefined;
    }
    return claim;
  }

  private async restore(clientId: string, { hold, stored }: SessionClaim): Promise<Session> {
    const session = this.engine.sessions.create(clientId, hold);
    if (!stored) return session;
    fillSession(session, stored);
    session.durable = stored.expiryInterval > 0;
    if (stored.will) session.pendingWill = { client: undefined, will: stored.will };
    let { position } = stored;
    if (position > this.position) await this.reached(position);
    while (position < this.position) position = await this.catchUp(session, position, stored.formerBroker);
    if (stored.formerBroker !== undefined) this.gone.restore(stored.formerBroker, session, this.position);
    for (const subscription of session.subscriptions?.values() ?? []) {
      this.engine.index.add(subscription);
      this.membersChanged(subscription);
    }
    return session;
  }

  /** Gives a session what the log brought behind the position that it stands at, and says where it stands then. */
  private async catchUp(
    session: Session,
    position: number,
    formerBroker: string | undefined,
  ): Promise<number> {
    const upTo = this.position;
    for await (const entry of this.log.range(position, upTo)) {
      if (entry.kind === 'publication') this.replay(session, entry, formerBroker);
    }
    return upTo;
  }

  private replay(
    session: Session,
    entry: LogEntry & { kind: 'publication' },
    formerBroker: string | undefined,
  ): void {
    const { publication: logged, position } = entry;
    const publication = Publication.fromLog(logged);
    const matching = [...(session.subscriptions?.values() ?? [])].filter(
      ({ topicFilter, only }) => filterMatches(topicFilter, logged.topic) && only?.(logged.topic) !== false,
    );
    const plain = matching.filter(({ shareName }) => shareName === undefined && logged.share === undefined);
    const merged = plain.length > 0 ? [mergeSubscriptions(plain)] : [];
    // What its former broker was to give to one of its members, had it lived.
    const shared = matching.filter(
      ({ shareName, filter }) =>
        shareName !== undefined &&
        formerBroker !== undefined &&
        (logged.share ?? filter) === filter &&
        this.shares.choose(filter, position) === formerBroker,
    );
    for (const recipient of [...merged, ...shared]) {
      if (throughLog(publication, recipient)) offer(session, publication, recipient);
    }
  }

  private async reached(position: number): Promise<void> {
    if (position <= this.position) return;
    await new Promise<void>((reached) => {
      this.waiters.push({ position, reached });
      this.waiters.sort((a, b) => a.position - b.position);
    });
  }

  private interrupted(): void {
    this.engine.logger.warn('the other brokers went on without this one: its clients have to connect again');
    for (const { id, hold } of this.engine.sessions.all()) if (hold) this.giveUp(id);
    this.announced.clear();
    this.leaving.clear();
  }

  private giveUp(clientId: string): void {
    const { sessions } = this.engine;
    sessions.get(clientId)?.connection?.disconnect('taken-over');
    const session = sessions.get(clientId);
    if (session) sessions.forget(session);
  }

  private async inTurn<T>(clientId: string, work: () => Promise<T>): Promise<T> {
    const before = this.turns.get(clientId) ?? Promise.resolve();
    const mine = before.then(work, work);
    this.turns.set(clientId, mine);
    try {
      return await mine;
    } finally {
      if (this.turns.get(clientId) === mine) this.turns.delete(clientId);
    }
  }
}

/** Where a subscriber gets a publication of this broker's own clients from. */
function throughLog(publication: Publication, { qos, session }: Recipient): boolean {
  return session.durable && publication.qos > 0 && qos > 0;
}
