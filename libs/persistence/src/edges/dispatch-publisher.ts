import type { Connection, Dispatch, EdgeNotice } from '@carillon/domain';
import type { Store } from '../store.js';
import { encodeDispatch, encodeNotice } from './dispatch-codec.js';

/** Entries that an edge may fall behind before the oldest go; it then reads its devices' inboxes. */
const MAX_BACKLOG = 10_000;
/** Fields of one stream entry. */
const MAX_FIELDS = 512;

interface Outbox {
  readonly fields: string[];
  readonly written: Promise<void>;
}

/** Tells edges what is new; all that one tick brings for an edge goes as one stream entry. */
export class DispatchPublisher {
  private readonly outboxes = new Map<string, Outbox>();

  constructor(private readonly store: Store) {}

  /** Fulfilled when Redis has it. */
  publish(edgeId: string, dispatch: Dispatch): Promise<void> {
    return this.append(edgeId, encodeDispatch(dispatch));
  }

  /** Tells every edge to end all connections of a device. */
  async revoke(edgeIds: Iterable<string>, deviceId: string): Promise<void> {
    await this.tellAll(edgeIds, { deviceId, reason: 'revoked' });
  }

  /** Tells every edge that a device has another owner. */
  async moved(edgeIds: Iterable<string>, deviceId: string, upTo: number): Promise<void> {
    await this.tellAll(edgeIds, { deviceId, reason: 'moved', upTo });
  }

  /** Tells every edge to look at an MQTT user again. */
  async mqttUserChanged(edgeIds: Iterable<string>, user: string): Promise<void> {
    await this.tellAll(edgeIds, { user, reason: 'mqtt-user-changed' });
  }

  /** Tells edges what a connection of a device did that its others hear of. */
  async accountNews(edgeIds: Iterable<string>, deviceId: string, news: string): Promise<void> {
    await this.tellAll(edgeIds, { deviceId, reason: 'account-news', news });
  }

  /** Tells the edges of connections what became of these. */
  async notify(
    connections: readonly Connection[],
    deviceId: string,
    reason: 'taken-over' | 'displaced',
  ): Promise<void> {
    const notices = connections.map(({ edgeId, transport, epoch }) =>
      this.append(edgeId, encodeNotice({ deviceId, transport, epoch, reason })),
    );
    await Promise.all(notices);
  }

  private async tellAll(edgeIds: Iterable<string>, told: EdgeNotice): Promise<void> {
    const notice = encodeNotice(told);
    await Promise.all([...edgeIds].map((edgeId) => this.append(edgeId, notice)));
  }

  private append(edgeId: string, fields: readonly string[]): Promise<void> {
    const open = this.outboxes.get(edgeId);
    if (open && open.fields.length + fields.length <= MAX_FIELDS) {
      open.fields.push(...fields);
      return open.written;
    }
    const outbox = { fields: [...fields], written: Promise.resolve() };
    outbox.written = this.flushNextTick(edgeId, outbox);
    this.outboxes.set(edgeId, outbox);
    return outbox.written;
  }

  private async flushNextTick(edgeId: string, outbox: Outbox): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    if (this.outboxes.get(edgeId) === outbox) this.outboxes.delete(edgeId);
    // An edge that is gone has no stream any more, and gets none.
    const key = this.store.keys.dispatch(edgeId);
    await this.store.client.xadd(key, 'NOMKSTREAM', 'MAXLEN', '~', MAX_BACKLOG, '*', ...outbox.fields);
  }
}
