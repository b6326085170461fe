import type { DeviceLogin, DispatchTarget, StoredContent, TransportKind } from '@carillon/domain';
import type { TransportContext } from '../transport-context.js';
import { DeviceChannel, type ChannelLink } from './device-channel.js';

/** A connection that takes pushes; `connection` tells one of the same device from another. */
export interface Link<C> {
  readonly connection: C;
  readonly login: DeviceLogin;
  readonly channel: DeviceChannel;
  /** Known once presence is claimed. */
  epoch: number | undefined;
  closed: boolean;
}

/**
 * The devices that are connected over one transport of this edge: presence, channel, take-over. At most one link per
 * device; a newer one takes the place of an older.
 */
export class DeviceLinks<C> {
  private readonly links = new Map<string, Link<C>>();

  constructor(
    private readonly transport: TransportKind,
    private readonly context: TransportContext,
    /** Ends a connection that was taken over or revoked. */
    private readonly end: (connection: C, reason: 'taken-over' | 'revoked') => void,
  ) {}

  get size(): number {
    return this.links.size;
  }

  of(deviceId: string): Link<C> | undefined {
    return this.links.get(deviceId);
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
    const opened: Link<C> = { connection, login, channel, epoch: undefined, closed: false };
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

  /** Ends the connection that a notice means, if it is still the one. */
  endByNotice(deviceId: string, epoch: number, reason: 'taken-over' | 'revoked'): void {
    const link = this.links.get(deviceId);
    if (link && link.epoch === epoch) this.drop(link, reason);
  }

  reconcile(): void {
    for (const { channel } of this.links.values()) channel.wake();
  }

  /** Forgets every link and their presence. */
  async clear(): Promise<void> {
    const links = [...this.links.values()];
    this.links.clear();
    await Promise.all(links.map((link) => this.shut(link)));
  }

  private drop(link: Link<C>, reason: 'taken-over' | 'revoked'): void {
    this.remove(link);
    this.end(link.connection, reason);
  }

  private remove(link: Link<C>): void {
    if (this.links.get(link.login.id) === link) this.links.delete(link.login.id);
    void this.shut(link);
  }

  private async shut(link: Link<C>): Promise<void> {
    link.closed = true;
    link.channel.close();
    if (link.epoch !== undefined) await this.release(link.login.id, link.epoch);
  }

  /** Presence first, then the inbox: what is deposited in between is either hinted or read. */
  private async claim(link: Link<C>): Promise<void> {
    const { id } = link.login;
    try {
      const { epoch, displaced } = await this.context.presence.claim(id, this.transport, this.context.edgeId);
      link.epoch = epoch;
      if (link.closed) {
        await this.release(id, epoch);
        return;
      }
      link.channel.wake();
      const elsewhere = displaced.filter(({ edgeId }) => edgeId !== this.context.edgeId);
      if (elsewhere.length > 0) await this.context.displace(elsewhere, id);
    } catch (error) {
      this.context.logger.warn(
        { deviceId: id, error: String(error) },
        'claiming presence failed and is tried again',
      );
      if (!link.closed) setTimeout(() => void this.claim(link), 1_000);
    }
  }

  private async release(deviceId: string, epoch: number): Promise<void> {
    try {
      await this.context.presence.release(deviceId, epoch);
    } catch (error) {
      // The reaper finds it, or the device's next connection replaces it.
      this.context.logger.warn({ deviceId, error: String(error) }, 'releasing presence failed');
    }
  }
}
