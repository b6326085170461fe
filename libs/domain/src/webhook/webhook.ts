import { DELIVERY_STATES, type DeliveryState } from '../delivery/delivery.js';

export type WebhookEventType = `delivery.${DeliveryState}` | 'push.requested' | 'webhook.test';
/** What an endpoint may ask for. */
export const WEBHOOK_EVENT_TYPES: readonly WebhookEventType[] = [
  ...DELIVERY_STATES.map((state): WebhookEventType => `delivery.${state}`),
  'push.requested',
];

/** Where an app's receipts are posted to. Times are ms since 1970. */
export interface Webhook {
  readonly id: string;
  readonly app: string;
  readonly url: string;
  readonly description?: string;
  readonly events: readonly WebhookEventType[];
  readonly enabled: boolean;
  readonly disabledReason?: string;
  readonly secret: string;
  /** The secret before the last rotation; it signs too until `formerUntil`. */
  readonly formerSecret?: string;
  readonly formerUntil?: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** How an endpoint fares. Times are ms since 1970. */
export interface WebhookHealth {
  readonly lastSuccessAt?: number;
  /** The first failure since the last success. */
  readonly failingSince?: number;
  readonly lastError?: string;
  /** Events that a full queue pushed out. */
  readonly dropped: number;
  /** Batches that wait for their next attempt. */
  readonly waiting: number;
}

/** A push service that a device's client has named (XEP-0357), and what is to go with what is published there. */
export interface PushService {
  /** JID */
  readonly service: string;
  readonly node?: string;
  readonly options: Readonly<Record<string, readonly string[]>>;
}

/** One receipt, or one request to a push service, as an endpoint gets it. */
export interface WebhookEvent {
  /** The same however often it is sent. */
  readonly id: string;
  readonly type: WebhookEventType;
  /** RFC 3339 */
  readonly at: string;
  readonly notificationId?: string;
  /** Absent where one event stands for `count` deliveries that were queued together. */
  readonly deviceId?: string;
  readonly count?: number;
  readonly transport?: string;
  readonly edge?: string;
  readonly detail?: string;
  /** Of a `push.requested`. */
  readonly push?: PushService;
}

/** Events that are posted together. */
export interface WebhookBatch {
  /** The `webhook-id`: the same at every attempt. */
  readonly id: string;
  /** Attempts that were made before. */
  readonly attempts: number;
  /** When it was put together, ms since 1970. */
  readonly createdAt: number;
  /** The events as a JSON array. */
  readonly events: string;
}

/** A batch that was given up. */
export interface WebhookLetter extends WebhookBatch {
  readonly letterId: string;
  readonly reason: string;
  /** ms since 1970 */
  readonly at: number;
}

export const MAX_WEBHOOKS = 20;
export const WEBHOOK_BATCH_EVENTS = 100;
/** Both secrets sign for so long after a rotation, ms. */
export const SECRET_OVERLAP = 86_400_000;
/** An endpoint at which nothing has succeeded for so long is disabled, ms. */
export const DISABLE_AFTER = 3 * 86_400_000;

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** The waits behind failed attempts, ms; after the last one a batch goes to the dead letters, about 41 hours on. */
export const WEBHOOK_RETRIES: readonly number[] = [
  5 * SECOND,
  30 * SECOND,
  2 * MINUTE,
  10 * MINUTE,
  30 * MINUTE,
  HOUR,
  3 * HOUR,
  6 * HOUR,
  12 * HOUR,
  18 * HOUR,
];

/** The body of a batch: the events under `data`, as Standard Webhooks lays a payload out. */
export function webhookBody({ createdAt, events }: WebhookBatch): string {
  return `{"type":"receipts","timestamp":"${new Date(createdAt).toISOString()}","data":{"events":${events}}}`;
}
