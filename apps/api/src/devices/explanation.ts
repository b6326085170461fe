import {
  type Connection,
  type Delivery,
  type DeliveryState,
  formatInstant,
  type StepRecord,
} from '@carillon/domain';
import type { NotificationRecord } from '@carillon/persistence';

/** What is known of a notification and a device at one moment. */
export interface Facts {
  readonly record: NotificationRecord;
  readonly delivery: Delivery | undefined;
  readonly connections: readonly Connection[];
  /** Entries that stand before it in the device's inbox; undefined when it is not there. */
  readonly before: number | undefined;
  /** When it has its turn, ms since 1970, where the notification is paced and it waits for that. */
  readonly turn: number | undefined;
  /** Whether the audience holds the device now. */
  readonly inAudience: boolean;
}

/** Why a notification has, or has not, arrived on a device, in sentences. */
export function explain(facts: Facts): string[] {
  return facts.delivery ? ofDelivery(facts, facts.delivery) : withoutDelivery(facts);
}

export const hasArrived = (delivery: Delivery | undefined): boolean =>
  delivery?.steps.some(({ state }) => state === 'acknowledged') ?? false;

function withoutDelivery({ record, inAudience, turn }: Facts): string[] {
  const { notification, status, cancelledAt, recalledAt } = record;
  if (status === 'scheduled')
    return [`It is not due yet: it will be sent at ${formatInstant(notification.at)}.`, audience(inAudience)];
  if (status === 'cancelled')
    return [`It was cancelled${at(cancelledAt)} before it reached the device's inbox.`];
  if (status === 'recalled')
    return [`It was recalled${at(recalledAt)} before it reached the device's inbox.`];
  if (status !== 'sent')
    return turn === undefined
      ? ["It is being sent, and has not reached the device's inbox yet.", audience(inAudience)]
      : [`It is being sent, and the device has its turn from ${formatInstant(turn)} on.`];
  return inAudience
    ? [
        'The device was not in the audience when it was sent.',
        'It is now: it was created, changed or joined a group after that.',
      ]
    : ['The device was not in the audience.'];
}

const audience = (inAudience: boolean): string =>
  inAudience ? 'The device is in its audience.' : 'The device is not in its audience as things are.';

function ofDelivery(facts: Facts, delivery: Delivery): string[] {
  const last = delivery.steps.at(-1)!;
  const history = writtenBefore(delivery);
  return [...SENTENCES[delivery.state](facts, last), ...history];
}

type Sentences = (facts: Facts, step: StepRecord) => string[];

const SENTENCES: Readonly<Record<DeliveryState, Sentences>> = {
  queued: (facts, step) => [
    `It waits in the device's inbox since ${formatInstant(step.at)}.`,
    ...waits(facts),
  ],
  written: (facts, step) => [
    `It was written${over(step)} at ${formatInstant(step.at)}, but the device has not acknowledged it.`,
    ...(facts.connections.length === 0
      ? ['The device is not connected now: it gets it again when it is.']
      : []),
  ],
  acknowledged: (_, step) => [
    `It arrived: the device acknowledged it${over(step)} at ${formatInstant(step.at)}.`,
  ],
  displayed: (_, step) => [`It arrived, and was displayed at ${formatInstant(step.at)}.`],
  opened: (_, step) => [`It arrived, and was opened at ${formatInstant(step.at)}.`],
  expired: (_, step) => [expiry(step)],
  collapsed: (_, step) => [
    `A newer one took its place at ${formatInstant(step.at)}, before the device acknowledged it: the same collapse key, or "replaces".`,
  ],
  dropped: (_, step) => [
    step.detail === 'inbox full'
      ? `It was refused at ${formatInstant(step.at)}: the inbox was full.`
      : `It was the oldest in a full inbox, and gave way to a newer one at ${formatInstant(step.at)}.`,
  ],
  recalled: (_, step) => [`It was recalled at ${formatInstant(step.at)}, before the device acknowledged it.`],
  purged: (_, step) => [
    `It left the inbox at ${formatInstant(step.at)}: ${step.detail ?? 'the device was deleted'}.`,
  ],
  failed: (_, step) => [
    `It failed${over(step)} at ${formatInstant(step.at)}: ${step.detail ?? 'the client refused it'}.`,
  ],
  suppressed: (_, step) => [suppression(step)],
};

function waits({ record, connections, before }: Facts): string[] {
  const { transports } = record.notification;
  if (connections.length === 0) return ['The device is not connected.'];
  const names = connections.map(({ transport }) => transport).join(', ');
  const usable = (transport: string): boolean =>
    !transports || (transports as readonly string[]).includes(transport);
  if (!connections.some(({ transport }) => usable(transport)))
    return [`The device is connected over ${names}, but it may go over ${transports!.join(', ')} alone.`];
  if (before === undefined) return [`The device is connected over ${names}.`];
  return [
    `The device is connected over ${names}, but has not taken it: ${before} ${before === 1 ? 'entry is' : 'entries are'} before it, ` +
      'and it has to acknowledge what it was given before it gets more.',
  ];
}

function suppression({ at: time, detail = '' }: StepRecord): string {
  const when = formatInstant(time);
  if (detail.startsWith('cap '))
    return `It was held back at ${when} by the cap on ${detail.slice(4)}: the user had been notified often enough.`;
  if (detail === 'time passed')
    return `On its own clock the time had passed when the notification was due at ${when}: it was not sent to the device.`;
  return `Its turn had not come by ${when}, when the notification had to be over (notAfter): it was not sent to the device.`;
}

function expiry(step: StepRecord): string {
  const when = formatInstant(step.at);
  if (step.detail === 'offline')
    return `It was for devices that are online, and this one was not at ${when}.`;
  if (step.detail === 'late') return `It had expired before it could be put into the inbox at ${when}.`;
  return `It expired at ${when}, before the device acknowledged it.`;
}

/** What was written and still came to another end may be on the device. */
function writtenBefore({ state, steps }: Delivery): string[] {
  const written = steps.find((step) => step.state === 'written');
  if (!written || ['written', 'acknowledged', 'displayed', 'opened'].includes(state)) return [];
  return [`It was written${over(written)} at ${formatInstant(written.at)}, and may have been seen.`];
}

const at = (time: number | undefined): string => (time === undefined ? '' : ` at ${formatInstant(time)}`);
const over = ({ transport, edge }: StepRecord): string =>
  (transport ? ` over ${transport}` : '') + (edge ? ` (${edge})` : '');
