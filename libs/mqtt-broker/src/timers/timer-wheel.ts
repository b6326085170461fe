const SLOTS = 1024;

/** Something with a deadline. An entry is in the wheel once at most. */
export abstract class WheelEntry {
  /** Milliseconds on the wheel's clock. */
  deadline = 0;
  /** @internal */
  previous: WheelEntry | undefined = undefined;
  /** @internal */
  next: WheelEntry | undefined = undefined;
  /** @internal */
  slot = -1;

  /** Called once the deadline has passed; the entry is out of the wheel and may be scheduled again. */
  abstract expire(now: number): void;
}

/** Any number of coarse timers over one interval. An entry never fires early, and at most one tick late. */
export class TimerWheel {
  private readonly slots: (WheelEntry | undefined)[] = Array.from({ length: SLOTS });
  private lastTick: number;
  private interval: NodeJS.Timeout | undefined;

  constructor(
    private readonly tickMs: number,
    private readonly now: () => number,
  ) {
    this.lastTick = Math.floor(now() / tickMs);
  }

  start(): void {
    this.lastTick = Math.floor(this.now() / this.tickMs);
    this.interval ??= setInterval(() => this.advance(), this.tickMs);
    this.interval.unref();
  }

  stop(): void {
    clearInterval(this.interval);
    this.interval = undefined;
  }

  schedule(entry: WheelEntry, delayMs: number): void {
    this.cancel(entry);
    entry.deadline = this.now() + delayMs;
    this.insert(entry);
  }

  cancel(entry: WheelEntry): void {
    if (entry.slot === -1) return;
    if (entry.previous) entry.previous.next = entry.next;
    else this.slots[entry.slot] = entry.next;
    if (entry.next) entry.next.previous = entry.previous;
    entry.previous = entry.next = undefined;
    entry.slot = -1;
  }

  /** Fires what is due. */
  advance(): void {
    const now = this.now();
    const tick = Math.floor(now / this.tickMs);
    const from = Math.max(this.lastTick + 1, tick - SLOTS + 1);
    for (let each = from; each <= tick; each++) this.sweep(each % SLOTS, now);
    if (tick > this.lastTick) this.lastTick = tick;
  }

  private insert(entry: WheelEntry): void {
    const tick = Math.max(Math.ceil(entry.deadline / this.tickMs), this.lastTick + 1);
    const slot = tick % SLOTS;
    entry.slot = slot;
    entry.next = this.slots[slot];
    if (entry.next) entry.next.previous = entry;
    this.slots[slot] = entry;
  }

  private sweep(slot: number, now: number): void {
    const due: WheelEntry[] = [];
    for (let entry = this.slots[slot]; entry; entry = entry.next) if (entry.deadline <= now) due.push(entry);
    for (const entry of due) {
      if (entry.slot !== slot || entry.deadline > now) continue; // cancelled or moved by one before it
      this.cancel(entry);
      entry.expire(now);
    }
  }
}
