import type {
  Connection,
  ConnectionNotice,
  DeviceLogin,
  DispatchTarget,
  PresenceClaim,
  StoredContent,
  TransportKind,
} from '@carillon/domain';
import type { TransportContext } from '../transport-context.js';
import { Round } from './round.js';
import { DeviceChannel, type ChannelLink } from './device-channel.js';

/** A connection that takes pushes; `connection` tells one of the same device from another. */
export interface Link<C> {
  readonly connection: C;
  readonly login: DeviceLogin;
  readonly channel: DeviceChannel;
  /** Known once presence is claimed. */
  epoch: number | undefined;
  /** A notice that came before the epoch was known here. */
  noticed: EpochNotice | undefined;
  retry: NodeJS.Timeout | undefined;
  /** Claims under way. */
  claims: number;
  /** A connection that took its place, as Redis has it, and when that was seen first. */
  successor: { readonly epoch: number; readonly seenAt: number } | undefined;
  closed: boolean;
}

type EpochNotice = Extract<ConnectionNotice, { readonly epoch: number }>;
type Claimed = Extract<PresenceClaim, { readonly ok: true }>;
type EndReason = 'taken-over' | 'revoked';

const CLAIMS_AT_ONCE = 256;
/** Inboxes that one call asks for. */
const LOOKS_AT_ONCE = 500;
const CLAIM_RETRY_MS = 1_000;
/** Whoever claimed for a connection that had gone by then takes that back, and edges that are gone are forgotten, in less, ms. */
const SUCCESSOR_PATIENCE_MS = 25_000;

/**
 * The devices that are connected over one transport of this edge: presence, channel, take-over. At most one link per
 * device; a newer one takes the place of an older.
 */
export class DeviceLinks<C> {
  private readonly links = new Map<string, Link<C>>();
  private readonly round = new Round(this.links);

  constructor(
    private readonly transport: TransportKind,
    private readonly context: TransportContext,
    /** Ends a connection that was taken over or revoked. */
    private readonly end: (connection: C, reason: EndReason) => void,
  ) {}

  get size(): number {
    return this.links.size;
  }

  of(deviceId: string): Link<C> | undefined {
    return this.links.get(deviceId);
  }

  /** Whether the device is connected, with this epoch if it is known. */
  holds(deviceId: string, epoch: number): boolean {
    const link = this.links.get(deviceId);
    return link !== undefined && (link.epoch === undefined || link.epoch === epoch);
  }

  /** The device can take pushes on this connection from now on. */
  open(connection: C, login: DeviceLogin, link: Pick<ChannelLink, 'pending' | 'write'>): void {
    const former = this.links.get(login.id);
    if (former?.connection === connection) return;
    if (former) this.drop(former, 'taken-over');
    const channel = new DeviceChannel(
      { deviceId: login.id, app: login.app, transport: this.transport, ...link },
      this.context,
    );
    const opened: Link<C> = {
      connection,
      login,
      channel,
      epoch: undefined,
      noticed: undefined,
      retry: undefined,
      claims: 0,
      successor: undefined,
      closed: false,
    };
    this.links.set(login.id, opened);
    void this.claim(opened);
  }

  /** The connection is gone, or takes no pushes any more. */
  close(deviceId: string, connection: C): void {
    const link = this.links.get(deviceId);
    if (link?.connection === connection) this.remove(link);
  }

  hint(target: DispatchTarget, content: StoredContent): void {
    this.links.get(target.deviceId)?.channel.hint(target, content);
  }

  /** What another edge, or the API, says about a device's connection here. */
  notice(notice: ConnectionNotice): void {
    const link = this.links.get(notice.deviceId);
    if (!link) return;
    if (notice.reason === 'revoked') this.drop(link, 'revoked');
    else if (notice.reason === 'moved') link.channel.passOver(notice.upTo);
    else if (link.epoch === undefined) link.noticed = notice;
    else this.apply(link, notice);
  }

  /** Brings devices what their inboxes hold. @param share so many of them, and the next ones the next time */
  reconcile(share = 1): void {
    const links = this.round.next(share);
    for (let i = 0; i < links.length; i += LOOKS_AT_ONCE) void this.look(links.slice(i, i + LOOKS_AT_ONCE));
  }

  /** Claims presence for every link anew, some at a time. */
  async reclaim(): Promise<void> {
    const links = [...this.links.values()];
    for (let i = 0; i < links.length; i += CLAIMS_AT_ONCE) {
      await Promise.all(links.slice(i, i + CLAIMS_AT_ONCE).map((link) => this.claim(link)));
    }
  }

  /** Forgets every link and their presence. */
  async clear(): Promise<void> {
    const links = [...this.links.values()];
    this.links.clear();
    await Promise.all(links.map((link) => this.shut(link)));
  }

  private async look(links: readonly Link<C>[]): Promise<void> {
    await Promise.all([this.bringWaiting(links), this.checkPresence(links)]);
  }

  /** Most inboxes are empty: that is asked for many at once. */
  private async bringWaiting(links: readonly Link<C>[]): Promise<void> {
    const { inbox, logger } = this.context;
    const ids = links.map(({ login }) => login.id);
    try {
      const waiting = new Set(await inbox.waiting(ids));
      for (const { login, channel } of links) if (waiting.has(login.id)) channel.reconcile();
    } catch (error) {
      logger.warn(
        { error: String(error), devices: ids.length },
        'looking for what waits failed: each looks for itself',
      );
      for (const { channel } of links) channel.reconcile();
    }
  }

  /** A fail-over may lose what Redis knew of a connection, and a claim whose answer is lost tells nobody whom it displaced. */
  private async checkPresence(links: readonly Link<C>[]): Promise<void> {
    const { presence, logger } = this.context;
    const claimed = links.flatMap((link) => (link.epoch === undefined ? [] : [{ link, epoch: link.epoch }]));
    try {
      const found = await presence.connectionsOf(claimed.map(({ link }) => link.login.id));
      for (const [i, { link, epoch }] of claimed.entries())
        if (isSettled(link) && link.epoch === epoch) this.compare(link, epoch, found[i]!);
    } catch (error) {
      logger.warn({ error: String(error), devices: claimed.length }, 'comparing presence failed');
    }
  }

  private compare(link: Link<C>, epoch: number, known: readonly Connection[]): void {
    const { presence, edgeId } = this.context;
    const isKnown = known.some((connection) => connection.epoch === epoch);
    const newer = known.find((each) => each.epoch > epoch && presence.excludes(each, this.transport));
    if (isKnown || !newer) {
      link.successor = undefined;
      if (!isKnown) void this.claim(link);
      return;
    }
    // Over the same transport of this edge it is the link's own, on its way.
    if (newer.edgeId === edgeId && newer.transport === this.transport) return;
    if (link.successor?.epoch !== newer.epoch) link.successor = { epoch: newer.epoch, seenAt: Date.now() };
    else if (Date.now() - link.successor.seenAt > SUCCESSOR_PATIENCE_MS) this.drop(link, 'taken-over');
  }

  private apply(link: Link<C>, notice: EpochNotice): void {
    if (link.epoch !== notice.epoch) return;
    if (notice.reason === 'taken-over') this.drop(link, 'taken-over');
    else void this.claim(link);
  }

  private drop(link: Link<C>, reason: EndReason): void {
    this.remove(link);
    this.end(link.connection, reason);
  }

  private remove(link: Link<C>): void {
    if (this.links.get(link.login.id) === link) this.links.delete(link.login.id);
    void this.shut(link);
  }

  private async shut(link: Link<C>): Promise<void> {
    link.closed = true;
    clearTimeout(link.retry);
    link.channel.close();
    if (link.epoch !== undefined) await this.release(link.login.id, link.epoch);
  }

  /** Presence first, then the inbox: what is deposited in between is either hinted or read. */
  private async claim(link: Link<C>): Promise<void> {
    clearTimeout(link.retry);
    link.retry = undefined;
    if (link.closed) return;
    const { id, credentials } = link.login;
    const { presence, edgeId, logger } = this.context;
    link.claims++;
    try {
      const claim = await presence.claim(id, credentials.tokenHash, this.transport, edgeId);
      if (!claim.ok) this.drop(link, 'revoked');
      else await this.claimed(link, claim);
    } catch (error) {
      logger.warn({ deviceId: id, error: String(error) }, 'claiming presence failed and is tried again');
      clearTimeout(link.retry);
      if (!link.closed) link.retry = setTimeout(() => void this.claim(link), CLAIM_RETRY_MS);
    } finally {
      link.claims--;
    }
  }

  private async claimed(link: Link<C>, { epoch, waits, displaced }: Claimed): Promise<void> {
    const { id } = link.login;
    // The same transport of this edge has its link here, and has seen to it.
    const elsewhere = displaced.filter(
      ({ edgeId, transport }) => edgeId !== this.context.edgeId || transport !== this.transport,
    );
    if (link.closed) {
      // Too late: whoever was displaced by it is the living one.
      await this.release(id, epoch);
      await this.context.tell(elsewhere, id, 'displaced');
      return;
    }
    link.epoch = epoch;
    if (waits) link.channel.wake();
    await this.context.tell(elsewhere, id, 'taken-over');
    const { noticed } = link;
    link.noticed = undefined;
    if (noticed) this.apply(link, noticed);
  }

  private async release(deviceId: string, epoch: number): Promise<void> {
    try {
      await this.context.presence.release(deviceId, epoch);
    } catch (error) {
      // It is found when what is held is compared, or the device's next connection replaces it.
      this.context.logger.warn({ deviceId, error: String(error) }, 'releasing presence failed');
    }
  }
}

/** No claim of it is under way, or will be tried again. */
const isSettled = <C>({ closed, claims, retry }: Link<C>): boolean =>
  !closed && claims === 0 && retry === undefined;
