/** The steps of a delivery's life. The letter is what is stored. */
export const STEP_LETTERS = {
  queued: 'q',
  written: 'w',
  acknowledged: 'a',
  displayed: 'd',
  opened: 'o',
  expired: 'e',
  collapsed: 'c',
  dropped: 'x',
  purged: 'p',
  failed: 'f',
} as const;

export type DeliveryState = keyof typeof STEP_LETTERS;
export type StepLetter = (typeof STEP_LETTERS)[DeliveryState];
export const DELIVERY_STATES = Object.keys(STEP_LETTERS) as DeliveryState[];

/** The state behind a stored letter. */
export const STATE_OF = Object.fromEntries(
  Object.entries(STEP_LETTERS).map(([state, letter]) => [letter, state]),
) as Record<StepLetter, DeliveryState>;

/** One thing that happened to one delivery. `at` is ms since 1970. */
export interface DeliveryStep {
  readonly app: string;
  readonly deviceId: string;
  readonly notificationId: string;
  readonly state: DeliveryState;
  readonly at: number;
  readonly transport?: string;
  /** How or why: the acknowledgement's kind (`puback`, `sm`, `receipt`, …) or a reason in words. */
  readonly detail?: string;
}

export interface StepRecord {
  readonly state: DeliveryState;
  readonly at: number;
  readonly transport?: string;
  readonly detail?: string;
}

/** One notification for one device, with its steps in order. */
export interface Delivery {
  readonly deviceId: string;
  readonly notificationId: string;
  readonly state: DeliveryState;
  readonly steps: readonly StepRecord[];
}

/** `q<ms in base 36>` and, behind commas, transport and detail; steps are joined by ";". */
export function encodeStep(step: StepRecord): string {
  const base = STEP_LETTERS[step.state] + step.at.toString(36);
  if (!step.transport && !step.detail) return base;
  const detail = step.detail?.replace(/[,;]/g, ' ');
  return detail ? `${base},${step.transport ?? ''},${detail}` : `${base},${step.transport}`;
}

export function decodeSteps(stored: string): StepRecord[] {
  return stored.split(';').map((part) => {
    const [head = '', transport, detail] = part.split(',');
    return {
      state: STATE_OF[head[0] as StepLetter],
      at: Number.parseInt(head.slice(1), 36),
      ...(transport && { transport }),
      ...(detail && { detail }),
    };
  });
}

export function decodeDelivery(notificationId: string, deviceId: string, stored: string): Delivery {
  const steps = decodeSteps(stored);
  return { notificationId, deviceId, state: steps.at(-1)!.state, steps };
}

/** How many deliveries have reached each state; `pending` are still in an inbox. */
export type DeliveryCounts = Readonly<Record<DeliveryState, number>> & { readonly pending: number };
