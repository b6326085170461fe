import type { ShareHolding, SharePresence } from './publication-log.js';

type Holders = ReadonlyMap<string, SharePresence>;

/** Who had members before a change. */
interface Past {
  /** Position of the entry that changed it. */
  readonly until: number;
  readonly holders: Holders;
}

/** Changes of one share that are remembered. */
const MEMORY = 32;
/** Shares without members of which the past is remembered; names cost their clients nothing. */
const VACANT = 1_000;
const NOBODY: Holders = new Map();

/**
 * Which brokers have members of each shared subscription. It changes with the log's entries alone, so that all brokers
 * choose the same one for the same entry; for a while that can also be said of entries long passed.
 */
export class ShareView {
  private readonly shares = new Map<string, { holders: Holders; past: Past[] }>();
  /** Those without members, the longest without first. */
  private readonly vacant = new Set<string>();

  reset(holdings: readonly ShareHolding[]): void {
    this.shares.clear();
    this.vacant.clear();
    for (const { share, broker, presence } of holdings) this.set(share, broker, presence, 0);
  }

  /** @param position of the entry that says so */
  set(share: string, broker: string, presence: SharePresence, position: number): void {
    const known = this.shares.get(share);
    const holders = new Map(known?.holders);
    if (presence !== 'none') holders.set(broker, presence);
    else holders.delete(broker);
    const past = [...(known?.past ?? []), { until: position, holders: known?.holders ?? NOBODY }];
    this.shares.set(share, { holders, past: past.slice(-MEMORY) });
    this.vacant.delete(share);
    if (holders.size === 0) this.leaveVacant(share);
  }

  private leaveVacant(share: string): void {
    this.vacant.add(share);
    for (const oldest of this.vacant) {
      if (this.vacant.size <= VACANT) return;
      this.vacant.delete(oldest);
      this.shares.delete(oldest);
    }
  }

  /** The broker whose turn it is at an entry: of those with connected members, else of those whose sessions wait. */
  choose(share: string, position: number): string | undefined {
    const holders = this.holdersAt(share, position);
    if (holders.size === 0) return undefined;
    const online = [...holders].filter(([, presence]) => presence === 'online');
    const candidates = (online.length > 0 ? online : [...holders]).map(([broker]) => broker).toSorted();
    return candidates[scatter(position) % candidates.length];
  }

  /** Whether any broker but this one has members. */
  others(share: string, broker: string): boolean {
    const holders = this.shares.get(share)?.holders ?? NOBODY;
    return holders.size > (holders.has(broker) ? 1 : 0);
  }

  /** Shares of which a broker had members at a position or later, and somebody has some now. */
  heldBy(broker: string, position: number): { share: string; topicFilter: string }[] {
    const found = [...this.shares].filter(
      ([, { holders, past }]) =>
        holders.size > 0 && past.some((before) => before.until > position && before.holders.has(broker)),
    );
    return found.map(([share]) => ({ share, topicFilter: share.split('/').slice(2).join('/') }));
  }

  private holdersAt(share: string, position: number): Holders {
    const known = this.shares.get(share);
    return known?.past.find(({ until }) => position < until)?.holders ?? known?.holders ?? NOBODY;
  }
}

/** Positions may come in large even steps. */
function scatter(position: number): number {
  const mixed = Math.imul((position % 2 ** 32) ^ Math.floor(position / 2 ** 32), 0x9e3779b1);
  return mixed >>> 16;
}
