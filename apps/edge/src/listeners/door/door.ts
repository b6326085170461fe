import type { Config } from '@carillon/config';
import { addressKey } from './address-key.js';
import { ConnectRate } from './connect-rate.js';

/** Which bound a connection met: that of all, of its address, or of its address' rate. */
export type Refusal = 'total' | 'address' | 'rate';

/** Counts the connections of devices, over all listeners, from before their handshake until they are closed. */
export class Door {
  private total = 0;
  private readonly byAddress = new Map<string, number>();
  private readonly rate: ConnectRate | undefined;
  private readonly maxPerAddress: number;

  constructor(
    private readonly bounds: Config['connections'],
    now: () => number = Date.now,
  ) {
    this.maxPerAddress = bounds.maxPerAddress || Infinity;
    this.rate = bounds.ratePerAddress > 0 ? new ConnectRate(bounds.ratePerAddress, now) : undefined;
  }

  /** A place among all, if there is one. */
  enter(): Place | undefined {
    if (this.total >= this.bounds.max) return undefined;
    this.total++;
    return new Place(this);
  }

  leave(key: string | undefined): void {
    this.total--;
    if (key === undefined) return;
    const left = this.byAddress.get(key)! - 1;
    if (left > 0) this.byAddress.set(key, left);
    else this.byAddress.delete(key);
  }

  /** @returns the address' key, undefined if nothing goes by addresses */
  count(address: string): { refused: Refusal } | { key: string | undefined } {
    if (this.maxPerAddress === Infinity && !this.rate) return { key: undefined };
    const key = addressKey(address);
    if (this.rate && !this.rate.take(key)) return { refused: 'rate' };
    const present = this.byAddress.get(key) ?? 0;
    if (present >= this.maxPerAddress) return { refused: 'address' };
    this.byAddress.set(key, present + 1);
    return { key };
  }
}

/** One connection's place; it is given back once, however often that is said. */
export class Place {
  private key: string | undefined;
  private held = true;

  constructor(private readonly door: Door) {}

  /** Now it is known where the connection comes from. */
  claim(address: string): Refusal | undefined {
    const counted = this.door.count(address);
    if ('refused' in counted) return counted.refused;
    this.key = counted.key;
    return undefined;
  }

  release(): void {
    if (!this.held) return;
    this.held = false;
    this.door.leave(this.key);
  }
}
