import type { DeliveryStep } from '@carillon/domain';

/** Mostly the device answers within this, ms; a step is held for up to twice as long. */
const HOLD_MS = 25;

/**
 * Steps `written` that wait for what follows them: where the acknowledgement comes at once, both are recorded as one. A step that
 * dies here with its process only said that the connection, which died too, had been given something.
 */
export class HeldWrites {
  private young = new Map<string, DeliveryStep>();
  private old = new Map<string, DeliveryStep>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly release: (steps: readonly DeliveryStep[]) => void) {}

  /** @returns false when the same delivery's is held already */
  hold(step: DeliveryStep): boolean {
    const key = keyOf(step);
    if (this.young.has(key) || this.old.has(key)) return false;
    this.young.set(key, step);
    this.timer ??= setTimeout(() => this.age(), HOLD_MS);
    return true;
  }

  /** The step of the same delivery, which is held no longer. */
  take(step: DeliveryStep): DeliveryStep | undefined {
    if (this.timer === undefined) return undefined;
    const key = keyOf(step);
    const held = this.young.get(key) ?? this.old.get(key);
    if (held && !this.young.delete(key)) this.old.delete(key);
    return held;
  }

  releaseAll(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const steps = [...this.old.values(), ...this.young.values()];
    this.old = new Map();
    this.young = new Map();
    if (steps.length > 0) this.release(steps);
  }

  private age(): void {
    const steps = [...this.old.values()];
    this.old = this.young;
    this.young = new Map();
    this.timer = this.old.size > 0 ? setTimeout(() => this.age(), HOLD_MS) : undefined;
    if (steps.length > 0) this.release(steps);
  }
}

const keyOf = ({ deviceId, notificationId }: DeliveryStep): string => `${notificationId} ${deviceId}`;
