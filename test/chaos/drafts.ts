import { TRANSPORT_KINDS } from '@carillon/domain';
import type { Dice } from './dice.js';

/** Whom a run's devices can be reached as. */
export interface Population {
  readonly devices: readonly string[];
  readonly tags: ReadonlyMap<string, readonly string[]>;
  readonly users: ReadonlyMap<string, readonly string[]>;
  readonly groups: ReadonlyMap<string, readonly string[]>;
}

/** A notification as a backend thinks of it. */
export interface Draft {
  readonly n: number;
  readonly audience: object;
  readonly recipients: readonly string[];
  /** Those of one turn keep their order. */
  readonly turn?: string;
  readonly priority: 'high' | 'normal';
  /** s */
  readonly ttl?: number;
  readonly collapseKey?: string;
  readonly transports?: readonly string[];
  readonly delayMs?: number;
  /** It is taken back, so long after it was accepted, ms. */
  readonly withdrawal?: { readonly kind: 'cancel' | 'recall'; readonly afterMs: number };
}

export function drawDraft(dice: Dice, population: Population, n: number): Draft {
  const priority = dice.chance(0.2) ? 'high' : 'normal';
  return { n, ...drawAudience(dice, population), priority, ...drawOptions(dice) };
}

function drawAudience(
  dice: Dice,
  { devices, tags, users, groups }: Population,
): Pick<Draft, 'audience' | 'recipients' | 'turn'> {
  const kind = dice.between(0, 1_000);
  if (kind < 1) return { audience: { everyone: true }, recipients: devices };
  if (kind < 50) {
    const [tag, recipients] = dice.pick([...tags]);
    return { audience: { tag }, recipients };
  }
  if (kind < 70) {
    const [group, recipients] = dice.pick([...groups]);
    return { audience: { group }, recipients };
  }
  if (kind < 120) {
    const [user, recipients] = dice.pick([...users]);
    return { audience: { user }, recipients, turn: `user ${user}` };
  }
  const device = dice.pick(devices);
  return { audience: { device }, recipients: [device], turn: `device ${device}` };
}

type Options = Pick<Draft, 'ttl' | 'collapseKey' | 'transports' | 'delayMs' | 'withdrawal'>;

function drawOptions(dice: Dice): Options {
  const kind = dice.between(0, 100);
  if (kind < 1) return { ttl: 0 };
  if (kind < 5) return { ttl: dice.between(1, 6) };
  if (kind < 9) return { collapseKey: `key-${dice.between(0, 3)}` };
  if (kind < 11) return { transports: [dice.pick(TRANSPORT_KINDS)], ttl: dice.between(5, 20) };
  if (kind < 14) return drawDelay(dice);
  // Some are recalled before anybody has them, some when everybody has.
  if (kind < 16)
    return { withdrawal: { kind: 'recall', afterMs: dice.chance(0.5) ? 0 : dice.between(0, 14_000) } };
  return {};
}

function drawDelay(dice: Dice): Options {
  const delayMs = dice.between(500, 6_000);
  if (dice.chance(0.7)) return { delayMs };
  return { delayMs, withdrawal: { kind: 'cancel', afterMs: dice.between(0, 6_000) } };
}

/** As it is sent. */
export function requestOf({ n, audience, priority, ttl, collapseKey, transports, delayMs }: Draft): object {
  return {
    title: `Notification ${n}`,
    audience,
    priority,
    data: { n, priority },
    ...(ttl !== undefined && { ttl }),
    ...(collapseKey !== undefined && { collapseKey }),
    ...(transports && { transports }),
    ...(delayMs !== undefined && { at: new Date(Date.now() + delayMs).toISOString() }),
  };
}
