import { CarillonError } from '@carillon/domain';

export interface Load {
  /** Of the memory that Redis may take, 0 to 1. */
  readonly memory: number;
  readonly backlog: number;
  /** The longest that the event loop was late in each of the last two samples: the shorter one, ms. */
  readonly delayMs: number;
}

export interface LoadLimits {
  readonly memory: number;
  readonly backlog: number;
  readonly delayMs: number;
}

export type RefusalReason = 'memory' | 'backlog' | 'event-loop';

export interface Refusal {
  readonly reason: RefusalReason;
  readonly error: () => CarillonError;
}

/** Why nothing new is to be accepted now; undefined where there is room. */
export function refusalOf({ memory, backlog, delayMs }: Load, limits: LoadLimits): Refusal | undefined {
  if (memory >= limits.memory) return refusal('memory', 'unavailable', 'the store is nearly full', 30);
  if (delayMs >= limits.delayMs) return refusal('event-loop', 'unavailable', 'the gateway is overloaded', 2);
  if (backlog >= limits.backlog)
    return refusal('backlog', 'too-many-requests', 'more is accepted than is being sent; come slower', 5);
  return undefined;
}

function refusal(
  reason: RefusalReason,
  code: 'unavailable' | 'too-many-requests',
  detail: string,
  retryAfterSeconds: number,
): Refusal {
  return { reason, error: () => new CarillonError(code, detail, { retryAfterSeconds }) };
}
