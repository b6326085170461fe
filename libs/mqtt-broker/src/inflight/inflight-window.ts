import type { QoS } from '../codec/packets.js';
import type { DirectDelivery } from '../message.js';
import type { Publication } from './publication.js';

const LAST_PACKET_ID = 65_535;
/** Entries that are looked through one after the other. */
const LONGEST_LIST = 16;

/** A publication to a client, from its first transmission to the acknowledgement. */
export class InflightEntry {
  /** PUBREC came: only PUBREL and PUBCOMP are left, the message is gone. */
  released = false;
  /** Takes a place in the client's Receive Maximum on the present connection. */
  counted = false;
  readonly weight: number;
  /** Under which the session's store knows it; 0: it does not. */
  key = 0;
  /** The shared subscription that it came by. */
  share: string | undefined = undefined;
  /** @internal In a window. */
  kept = false;
  /** @internal */
  previous: InflightEntry | undefined = undefined;
  /** @internal */
  next: InflightEntry | undefined = undefined;

  constructor(
    readonly packetId: number,
    readonly qos: QoS,
    readonly retain: boolean,
    readonly identifiers: number[] | undefined,
    public publication: Publication | undefined,
    public delivery: DirectDelivery | undefined,
    /** Milliseconds on the broker's clock; 0 where nothing expires. */
    readonly sentAt: number,
  ) {
    this.weight = publication?.weight ?? delivery?.payload.length ?? 0;
  }
}

/**
 * What a session has sent and not seen acknowledged, in the order of sending. Nearly always that is nothing, one entry, or
 * a few of which the oldest is acknowledged first, so the entries are a list; identifiers of a long one are looked up.
 */
export class InflightWindow {
  private first: InflightEntry | undefined = undefined;
  private last: InflightEntry | undefined = undefined;
  size = 0;
  private lastId = 0;
  /** Identifiers have come round: the next one may be taken. */
  private wrapped = false;
  /** Places of the Receive Maximum taken on the present connection. */
  outstanding = 0;
  /** What the entries hold. */
  bytes = 0;
  private byId: Map<number, InflightEntry> | undefined = undefined;

  get(packetId: number): InflightEntry | undefined {
    if (this.byId) return this.byId.get(packetId);
    let entry = this.first;
    while (entry && entry.packetId !== packetId) entry = entry.next;
    return entry;
  }

  all(): InflightEntry[] {
    const entries: InflightEntry[] = [];
    for (let entry = this.first; entry; entry = entry.next) entries.push(entry);
    return entries;
  }

  /** The next free packet identifier, counting up from 1; 0 if all are taken. */
  nextPacketId(): number {
    if (this.size >= LAST_PACKET_ID) return 0;
    do {
      if (this.lastId === LAST_PACKET_ID) this.wrapped = true;
      this.lastId = this.lastId === LAST_PACKET_ID ? 1 : this.lastId + 1;
    } while (this.wrapped && this.get(this.lastId));
    return this.lastId;
  }

  add(entry: InflightEntry): void {
    this.append(entry);
    this.bytes += entry.weight;
    this.count(entry);
    if (!this.wrapped && entry.packetId > this.lastId) this.lastId = entry.packetId;
    if (this.byId) this.byId.set(entry.packetId, entry);
    else if (this.size > LONGEST_LIST) this.byId = new Map(this.all().map((each) => [each.packetId, each]));
  }

  /** The entry is on its way on the present connection. */
  count(entry: InflightEntry): void {
    entry.counted = true;
    this.outstanding++;
  }

  remove(entry: InflightEntry): void {
    if (entry.kept) this.takeOut(entry);
    if (entry.counted) this.outstanding--;
    entry.counted = false;
  }

  /** The connection is gone: nothing is on its way any more. */
  rewind(): void {
    this.outstanding = 0;
    for (let entry = this.first; entry; entry = entry.next) entry.counted = false;
  }

  private append(entry: InflightEntry): void {
    entry.kept = true;
    entry.previous = this.last;
    if (this.last) this.last.next = entry;
    else this.first = entry;
    this.last = entry;
    this.size++;
  }

  private takeOut(entry: InflightEntry): void {
    const { previous, next } = entry;
    if (previous) previous.next = next;
    else this.first = next;
    if (next) next.previous = previous;
    else this.last = previous;
    entry.kept = false;
    entry.previous = entry.next = undefined;
    this.size--;
    this.bytes -= entry.weight;
    this.byId?.delete(entry.packetId);
    if (this.size === 0) this.byId = undefined;
  }
}
