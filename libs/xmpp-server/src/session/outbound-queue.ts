/** A stanza that was written and not yet proved to have arrived. */
interface Entry {
  id: string | undefined;
  /** Kept for resending (XEP-0198 §5). */
  stanza: string | undefined;
  cookie: unknown;
  /** A delivery whose cookie is still to be handed back. */
  open: boolean;
}

/** A stanza that was written, as another server needs to know it: id and cookie of a delivery, the text of another one, 0 for one that arrived. */
export type Sent = [id: string, cookie: unknown] | string | 0;

export type SettledHandler = (cookie: unknown) => void;

const COMPACT_AFTER = 64;

/** What a session wrote, in order and numbered from 0. Every open cookie leaves it through a handler exactly once, or through `cookies`. */
export class OutboundQueue {
  private entries: Entry[] = [];
  private head = 0;
  /** Number of the oldest stanza that is held. */
  firstSequence = 0;
  private openCount = 0;
  /** Characters of stanzas that are no deliveries. */
  replyLength = 0;

  /** Number of the next stanza. */
  get nextSequence(): number {
    return this.firstSequence + this.length;
  }

  get length(): number {
    return this.entries.length - this.head;
  }

  /** Deliveries not yet acknowledged. */
  get pending(): number {
    return this.openCount;
  }

  get cookies(): unknown[] {
    return this.kept.filter((entry) => entry.open).map((entry) => entry.cookie);
  }

  get stanzas(): string[] {
    return this.kept.flatMap((entry) => entry.stanza ?? []);
  }

  addDelivery(id: string, cookie: unknown, stanza: string | undefined): void {
    this.entries.push({ id, stanza, cookie, open: true });
    this.openCount++;
  }

  addStanza(stanza: string): void {
    this.entries.push({ id: undefined, stanza, cookie: undefined, open: false });
    this.replyLength += stanza.length;
  }

  /** What was written and counted from that number on. */
  sentSince(sequence: number): Sent[] {
    const kept = this.kept.slice(Math.max(0, sequence - this.firstSequence));
    return kept.map(({ open, id, cookie, stanza }) => (open ? [id!, cookie] : (stanza ?? 0)));
  }

  /** What another server wrote. Deliveries are known by their cookies alone: they are not written again from here. */
  restore(sent: readonly Sent[]): void {
    for (const each of sent) {
      if (typeof each === 'string') this.addStanza(each);
      else if (each === 0)
        this.entries.push({ id: undefined, stanza: undefined, cookie: undefined, open: false });
      else this.addDelivery(each[0], each[1], undefined);
    }
  }

  /** Everything before that number has arrived and is forgotten. */
  dropBefore(sequence: number, settled: SettledHandler): void {
    while (this.length > 0 && this.firstSequence < sequence) {
      const entry = this.shift();
      if (entry.open) this.settleEntry(entry, settled);
    }
  }

  /** The deliveries before that number have arrived, but keep their places in the count. */
  settleBefore(sequence: number, settled: SettledHandler): void {
    const end = Math.min(this.entries.length, this.head + sequence - this.firstSequence);
    for (let i = this.head; i < end; i++) {
      const entry = this.entries[i]!;
      if (entry.open) this.settleEntry(entry, settled);
    }
  }

  /** The delivery of that id has arrived. `keepsPlace` while stream management counts it. */
  settle(id: string, keepsPlace: boolean, settled: SettledHandler): boolean {
    for (let i = this.head; i < this.entries.length; i++) {
      const entry = this.entries[i]!;
      if (!entry.open || entry.id !== id) continue;
      this.settleEntry(entry, settled);
      if (!keepsPlace) this.dropSettled();
      return true;
    }
    return false;
  }

  /** Deliveries that are not to be written again; they keep their places in the count. */
  withdraw(unwanted: (cookie: unknown, stanza: string | undefined) => boolean): void {
    for (const entry of this.kept) {
      if (entry.open && unwanted(entry.cookie, entry.stanza)) this.settleEntry(entry, () => {});
    }
  }

  /** Forgets what is known to have arrived, wherever it stands: the rest is what must be written again. */
  dropAllSettled(): void {
    this.entries = this.kept.filter((entry) => entry.stanza !== undefined);
    this.head = 0;
  }

  private get kept(): Entry[] {
    return this.entries.slice(this.head);
  }

  private settleEntry(entry: Entry, settled: SettledHandler): void {
    entry.open = false;
    this.openCount--;
    const { cookie } = entry;
    entry.cookie = undefined;
    entry.stanza = undefined;
    settled(cookie);
  }

  private dropSettled(): void {
    while (this.length > 0 && !this.entries[this.head]!.open) this.shift();
  }

  private shift(): Entry {
    const entry = this.entries[this.head]!;
    if (entry.id === undefined) this.replyLength -= entry.stanza?.length ?? 0;
    this.head++;
    this.firstSequence++;
    if (this.head === this.entries.length) {
      this.entries = [];
      this.head = 0;
    } else if (this.head >= COMPACT_AFTER && this.head * 2 > this.entries.length) {
      this.entries.splice(0, this.head);
      this.head = 0;
    }
    return entry;
  }
}
