import type { QoS } from '../codec/packets.js';
import type { DirectDelivery } from '../message.js';
import type { Publication } from './publication.js';

const LAST_PACKET_ID = 65_535;

/** A publication to a client, from its first transmission to the acknowledgement. */
export class InflightEntry {
  /** PUBREC came: only PUBREL and PUBCOMP are left, the message is gone. */
  released = false;
  /** Takes a place in the client's Receive Maximum on the present connection. */
  counted = false;
  readonly weight: number;
  /** Under which the session's store knows it; 0: it does not. */
  key = 0;

  constructor(
    readonly packetId: number,
    readonly qos: QoS,
    readonly retain: boolean,
    readonly identifiers: number[] | undefined,
    public publication: Publication | undefined,
    public delivery: DirectDelivery | undefined,
    /** Milliseconds on the broker's clock. */
    readonly sentAt: number,
  ) {
    this.weight = publication?.weight ?? delivery?.payload.length ?? 0;
  }
}

/** What a session has sent and not seen acknowledged, in the order of sending. */
export class InflightWindow {
  /** The one entry, if there is just one: most windows never hold more. */
  private only: InflightEntry | undefined = undefined;
  private entries: Map<number, InflightEntry> | undefined = undefined;
  private lastId = 0;
  /** Places of the Receive Maximum taken on the present connection. */
  outstanding = 0;
  /** What the entries hold. */
  bytes = 0;

  get size(): number {
    return this.only ? 1 : (this.entries?.size ?? 0);
  }

  get(packetId: number): InflightEntry | undefined {
    return this.only?.packetId === packetId ? this.only : this.entries?.get(packetId);
  }

  all(): Iterable<InflightEntry> {
    return this.only ? [this.only] : (this.entries?.values() ?? []);
  }

  /** The next free packet identifier, counting up from 1; 0 if all are taken. */
  nextPacketId(): number {
    if (this.size >= LAST_PACKET_ID) return 0;
    do {
      this.lastId = this.lastId === LAST_PACKET_ID ? 1 : this.lastId + 1;
    } while (this.get(this.lastId));
    return this.lastId;
  }

  add(entry: InflightEntry): void {
    if (this.size === 0) this.only = entry;
    else this.several().set(entry.packetId, entry);
    this.bytes += entry.weight;
    this.count(entry);
  }

  /** The entry is on its way on the present connection. */
  count(entry: InflightEntry): void {
    entry.counted = true;
    this.outstanding++;
  }

  remove(entry: InflightEntry): void {
    if (this.take(entry)) this.bytes -= entry.weight;
    if (entry.counted) this.outstanding--;
    entry.counted = false;
  }

  /** The connection is gone: nothing is on its way any more. */
  rewind(): void {
    this.outstanding = 0;
    for (const entry of this.all()) entry.counted = false;
  }

  private several(): Map<number, InflightEntry> {
    const entries = (this.entries ??= new Map());
    if (this.only) entries.set(this.only.packetId, this.only);
    this.only = undefined;
    return entries;
  }

  private take(entry: InflightEntry): boolean {
    if (this.only !== entry) return this.entries?.delete(entry.packetId) ?? false;
    this.only = undefined;
    return true;
  }
}
