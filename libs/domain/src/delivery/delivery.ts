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
  recalled: 'r',
  purged: 'p',
  failed: 'f',
  suppressed: 's',
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
  /** The process that held the connection. */
  readonly edge?: string;
  /** How or why: the acknowledgement's kind (`puback`, `sm`, `receipt`, …) or a reason in words. */
  readonly detail?: string;
}

export interface StepRecord {
  readonly state: DeliveryState;
  readonly at: number;
  readonly transport?: string;
  readonly edge?: string;
  readonly detail?: string;
}

/** One notification for one device, with its steps in order. */
export interface Delivery {
  readonly deviceId: string;
  readonly notificationId: string;
  readonly state: DeliveryState;
  readonly steps: readonly StepRecord[];
}

/** `q<ms in base 36>` and, behind commas, transport, detail and edge; steps are joined by ";". */
export function encodeStep({ state, at, transport = '', detail = '', edge = '' }: StepRecord): string {
  const head = STEP_LETTERS[state] + at.toString(36);
  const reason = detail === '' ? '' : detail.replace(/[,;]/g, ' ');
  if (edge !== '') return `${head},${transport},${reason},${edge}`;
  if (reason !== '') return `${head},${transport},${reason}`;
  return transport === '' ? head : `${head},${transport}`;
}

export function decodeSteps(stored: string): StepRecord[] {
  return stored.split(';').map((part) => {
    const [head = '', transport, detail, edge] = part.split(',');
    return {
      state: STATE_OF[head[0] as StepLetter],
      at: Number.parseInt(head.slice(1), 36),
      ...(transport && { transport }),
      ...(detail && { detail }),
      ...(edge && { edge }),
    };
  });
}

export function decodeDelivery(notificationId: string, deviceId: string, stored: string): Delivery {
  const steps = decodeSteps(stored);
  return { notificationId, deviceId, state: steps.at(-1)!.state, steps };
}

/** States of a delivery that is still in an inbox. */
export const OPEN_STATES: readonly DeliveryState[] = ['queued', 'written'];

/** How many deliveries have reached each state; `pending` are still in an inbox. */
export type DeliveryCounts = Readonly<Record<DeliveryState, number>> & { readonly pending: number };
