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

/** A cancellation or a recall that was answered with 200. */
export interface Withdrawal {
  readonly status: 'cancelled' | 'recalled';
  /** When it was first asked for, ms since 1970. */
  readonly begunAt: number;
  /** The notification that tells devices of a recall. */
  readonly recallId?: string;
}

/** A device's report that was answered for. */
export interface Report {
  readonly id: string;
  readonly device: string;
  readonly state: 'displayed' | 'opened';
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
  readonly withdrawals = new Map<string, Withdrawal>();
  /** Recalled notification → devices that were told to remove it. */
  readonly recallsSeen = new Map<string, Set<string>>();
  readonly reports: Report[] = [];
  /** Notification → deliveries of it, by the receipts. */
  readonly queued = new Map<string, number>();
  /** `id device state` of each receipt of a delivery. */
  private readonly reached = new Set<string>();
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

  withdraw(id: string, withdrawal: Withdrawal): void {
    this.withdrawals.set(id, withdrawal);
  }

  /** @param id of the notification that a device was told to remove */
  seeRecall(id: string, device: string): void {
    this.recallsSeen.set(id, (this.recallsSeen.get(id) ?? new Set()).add(device));
  }

  report(report: Report): void {
    this.reports.push(report);
  }

  /** Reports that left no trace, although their delivery had arrived. One of `displayed` may come after that of `opened`. */
  unheardReports(): Report[] {
    return this.reports.filter(({ id, device, state }) => {
      const states = state === 'opened' ? ['opened'] : ['displayed', 'opened'];
      const isHeard = states.some((each) => this.reached.has(`${id} ${device} ${each}`));
      return !isHeard && this.ends.get(id)?.get(device)?.state === 'acknowledged';
    });
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
    const { id, device, state, count } = receipt;
    if (state === 'queued') this.queued.set(id, (this.queued.get(id) ?? 0) + count);
    this.reached.add(`${id} ${device} ${state}`);
    if (!ENDS.has(state) || device === '') return;
    const devices = inside(this.ends, id);
    const former = devices.get(device);
    if (former) this.endedTwice.push({ id, device, states: `${former.state}, ${state}` });
    else devices.set(device, receipt);
    this.confirm(device, [id]);
  }

  /** Deliveries that may have to end, and have not. */
  open(): string[] {
    return [...this.accepted.values()].flatMap(({ id, recipients, expiresAt }) => {
      const ends = this.ends.get(id);
      const why = `${this.withdrawals.get(id)?.status ?? ''} until ${new Date(expiresAt).toISOString()}`;
      return recipients.filter((device) => !ends?.has(device)).map((device) => `${id} for ${device} ${why}`);
    });
  }

  /** Deliveries that were promised, and of these how many have a receipt that they ended; reports, and those that were heard of. */
  progress(): { promised: number; ended: number } {
    let [promised, ended] = [this.reports.length, this.reports.length - this.unheardReports().length];
    for (const { id, recipients } of this.accepted.values()) {
      const withdrawal = this.withdrawals.get(id);
      promised += withdrawal ? (this.queued.get(id) ?? 0) : recipients.length;
      ended += this.ends.get(id)?.size ?? 0;
      if (withdrawal?.recallId === undefined) continue;
      promised += this.queued.get(withdrawal.recallId) ?? 0;
      ended += this.ends.get(withdrawal.recallId)?.size ?? 0;
    }
    return { promised, ended };
  }
}

function inside<K, L, V>(map: Map<K, Map<L, V>>, key: K): Map<L, V> {
  const present = map.get(key) ?? new Map<L, V>();
  map.set(key, present);
  return present;
}
