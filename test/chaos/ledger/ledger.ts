import type { Priority, TransportKind } from '@carillon/domain';

/** A send that was answered with 202. `tick`s count what happened in the order in which it was noticed. */
export interface Accepted {
  /** What the payload says of itself: `data.n`. */
  readonly n: number;
  readonly id: string;
  /** When the first attempt to send it began, and when it was answered. */
  readonly begunTick: number;
  readonly tick: number;
  readonly recipients: readonly string[];
  readonly priority: Priority;
  /** ms since 1970 */
  readonly expiresAt: number;
  /** Only for devices that are online now. */
  readonly onlineOnly: boolean;
  readonly scheduled: boolean;
  /** Only over some transports. */
  readonly restricted: boolean;
  readonly collapseKey?: string;
  /** Those of one turn are deposited in the order in which they were accepted. */
  readonly turn?: string;
}

/** A payload that a device saw. */
export interface Sighting {
  readonly tick: number;
  readonly at: number;
  readonly device: string;
  readonly transport: TransportKind;
  /** Within a connection the order holds. */
  readonly connection: number;
  /** When the connection, or the poll, began. */
  readonly begunTick: number;
  readonly id: string;
  readonly n: number;
  readonly seq: number;
  readonly priority: Priority;
}

/** A receipt, or the answer to an acknowledgement, that says that a device is done with a notification. */
export interface Confirmation {
  readonly tick: number;
  readonly at: number;
}

/** What a webhook was told. */
export interface Receipt {
  /** The same however often it comes. */
  readonly event: string;
  readonly state: string;
  readonly id: string;
  /** '' for deliveries that were made together. */
  readonly device: string;
  readonly count: number;
  /** When it happened, ms since 1970. */
  readonly at: number;
}

/** States in which a delivery ends. */
export const ENDS: ReadonlySet<string> = new Set([
  'acknowledged',
  'expired',
  'collapsed',
  'recalled',
  'dropped',
  'purged',
  'failed',
]);

/** What is known of a run from outside: kept in the memory of the process that checks, and nowhere else. */
export class Ledger {
  readonly accepted = new Map<string, Accepted>();
  readonly sightings: Sighting[] = [];
  readonly receipts = new Map<string, Receipt>();
  /** Notification → device → the first word that it is done with it. */
  readonly confirmations = new Map<string, Map<string, Confirmation>>();
  /** Notification → device → the receipt of its end. */
  readonly ends = new Map<string, Map<string, Receipt>>();
  /** Deliveries whose receipts tell of two ends. */
  readonly endedTwice: { id: string; device: string; states: string }[] = [];
  private ticks = 0;

  tick(): number {
    return ++this.ticks;
  }

  accept(accepted: Omit<Accepted, 'tick'>): void {
    this.accepted.set(accepted.id, { ...accepted, tick: this.tick() });
  }

  see(sighting: Omit<Sighting, 'tick' | 'at'>): void {
    this.sightings.push({ ...sighting, tick: this.tick(), at: Date.now() });
  }

  /** @param device has the word of the gateway that it is done with these notifications */
  confirm(device: string, ids: readonly string[]): void {
    const confirmation = { tick: this.tick(), at: Date.now() };
    for (const id of ids) {
      const devices = inside(this.confirmations, id);
      if (!devices.has(device)) devices.set(device, confirmation);
    }
  }

  receive(receipt: Receipt): void {
    if (this.receipts.has(receipt.event)) return;
    this.receipts.set(receipt.event, receipt);
    const { id, device, state } = receipt;
    if (!ENDS.has(state) || device === '') return;
    const devices = inside(this.ends, id);
    const former = devices.get(device);
    if (former) this.endedTwice.push({ id, device, states: `${former.state}, ${state}` });
    else devices.set(device, receipt);
    this.confirm(device, [id]);
  }

  /** Deliveries that were promised, and of these how many have a receipt that they ended. */
  progress(): { promised: number; ended: number } {
    let [promised, ended] = [0, 0];
    for (const { id, recipients } of this.accepted.values()) {
      promised += recipients.length;
      ended += this.ends.get(id)?.size ?? 0;
    }
    return { promised, ended };
  }
}

function inside<K, L, V>(map: Map<K, Map<L, V>>, key: K): Map<L, V> {
  const present = map.get(key) ?? new Map<L, V>();
  map.set(key, present);
  return present;
}
