import type { ShareHolding, SharePresence } from './publication-log.js';

/**
 * Which brokers have members of each shared subscription. It changes with the log's entries alone, so that all brokers,
 * at the same entry, choose the same one.
 */
export class ShareView {
  private readonly shares = new Map<string, Map<string, SharePresence>>();

  reset(holdings: readonly ShareHolding[]): void {
    this.shares.clear();
    for (const { share, broker, presence } of holdings) this.set(share, broker, presence);
  }

  set(share: string, broker: string, presence: SharePresence): void {
    let brokers = this.shares.get(share);
    if (!brokers) this.shares.set(share, (brokers = new Map()));
    if (presence !== 'none') brokers.set(broker, presence);
    else brokers.delete(broker);
    if (brokers.size === 0) this.shares.delete(share);
  }

  presence(share: string, broker: string): SharePresence {
    return this.shares.get(share)?.get(broker) ?? 'none';
  }

  /** The broker whose turn it is at an entry: of those with connected members, else of those whose sessions wait. */
  choose(share: string, position: number): string | undefined {
    const brokers = this.shares.get(share);
    if (!brokers) return undefined;
    const online = [...brokers].filter(([, presence]) => presence === 'online');
    const candidates = (online.length > 0 ? online : [...brokers]).map(([broker]) => broker).toSorted();
    return candidates[scatter(position) % candidates.length];
  }
}

/** Positions may come in large even steps. */
function scatter(position: number): number {
  const mixed = Math.imul((position % 2 ** 32) ^ Math.floor(position / 2 ** 32), 0x9e3779b1);
  return mixed >>> 16;
}
