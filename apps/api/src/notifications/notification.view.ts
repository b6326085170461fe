import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  type Audience,
  type Delivery,
  DELIVERY_STATES,
  type DeliveryCounts,
  type DeliveryState,
  type Notification,
  type NotificationKind,
  type NotificationStatus,
  TRANSPORT_KINDS,
  type TransportKind,
} from '@carillon/domain';
import type { NotificationRecord } from '@carillon/persistence';
import { formatInstant } from '../time/instant.js';

const STATUSES: readonly NotificationStatus[] = ['scheduled', 'accepted', 'sending', 'sent', 'cancelled'];
const STATUS_DOC =
  '`scheduled`, `accepted`, `sending`, `sent` (every inbox has it; the counts tell the rest) or `cancelled`';

export class NotificationLinks {
  @ApiProperty({ example: '/v1/notifications/01jd8r2m6w3v5q9t7x4c2b1n0k' })
  self!: string;

  @ApiProperty({ example: '/v1/notifications/01jd8r2m6w3v5q9t7x4c2b1n0k/cancel' })
  cancel!: string;
}

export class AcceptedNotification {
  @ApiProperty({ example: '01jd8r2m6w3v5q9t7x4c2b1n0k' })
  id!: string;

  @ApiProperty({ enum: ['accepted', 'scheduled'] })
  status!: NotificationStatus;

  @ApiProperty({ format: 'date-time' })
  acceptedAt!: string;

  @ApiProperty({ format: 'date-time', description: 'when it is due' })
  at!: string;

  @ApiProperty({ format: 'date-time' })
  expiresAt!: string;

  @ApiProperty({ type: NotificationLinks })
  links!: NotificationLinks;
}

export class CountsView implements Record<DeliveryState | 'pending', number> {
  @ApiProperty({ description: 'deliveries that were made, one a device' }) queued!: number;
  @ApiProperty({ description: 'still in an inbox' }) pending!: number;
  @ApiProperty({ description: 'written to a connection at least once' }) written!: number;
  @ApiProperty() acknowledged!: number;
  @ApiProperty() displayed!: number;
  @ApiProperty() opened!: number;
  @ApiProperty() expired!: number;
  @ApiProperty({ description: 'gave way to a later one with the same collapse key' }) collapsed!: number;
  @ApiProperty({ description: "pushed out by the inbox's bound" }) dropped!: number;
  @ApiProperty({ description: 'went with a device that was deleted' }) purged!: number;
  @ApiProperty() failed!: number;
}

export class NotificationView extends AcceptedNotification {
  @ApiProperty({ enum: STATUSES, description: STATUS_DOC })
  declare status: NotificationStatus;

  @ApiProperty({ enum: ['notification', 'message'] })
  kind!: NotificationKind;

  @ApiPropertyOptional()
  title?: string;

  @ApiPropertyOptional()
  body?: string;

  @ApiPropertyOptional()
  uri?: string;

  @ApiPropertyOptional({ type: 'object', additionalProperties: true })
  data?: Readonly<Record<string, unknown>>;

  @ApiProperty({ type: 'object', additionalProperties: true, example: { user: ['anna'] } })
  audience!: Audience;

  @ApiProperty({ description: 's' })
  ttl!: number;

  @ApiPropertyOptional()
  collapseKey?: string;

  @ApiPropertyOptional({ enum: TRANSPORT_KINDS, isArray: true })
  transports?: readonly TransportKind[];

  @ApiPropertyOptional({ format: 'date-time' })
  sentAt?: string;

  @ApiPropertyOptional({ format: 'date-time' })
  cancelledAt?: string;

  @ApiProperty({ type: CountsView })
  counts!: DeliveryCounts;
}

export class NotificationStatusView {
  @ApiProperty({ example: '01jd8r2m6w3v5q9t7x4c2b1n0k' })
  id!: string;

  @ApiProperty({ enum: STATUSES, example: 'cancelled' })
  status!: NotificationStatus;
}

export class DeliveryStepView {
  @ApiProperty({ enum: DELIVERY_STATES })
  state!: DeliveryState;

  @ApiProperty({ format: 'date-time' })
  at!: string;

  @ApiPropertyOptional({ example: 'mqtt' })
  transport?: string;

  @ApiPropertyOptional({ description: 'how or why', example: 'puback' })
  detail?: string;
}

export class DeliveryView {
  @ApiProperty()
  notificationId!: string;

  @ApiProperty()
  deviceId!: string;

  @ApiProperty({ enum: DELIVERY_STATES })
  state!: DeliveryState;

  @ApiProperty({ type: [DeliveryStepView], description: 'in the order in which they happened' })
  steps!: DeliveryStepView[];
}

/** As it was accepted, whatever has become of it since: a repeated request gets the same answer. */
export function acceptedView({ id, acceptedAt, at, expiresAt }: Notification) {
  const self = `/v1/notifications/${id}`;
  return {
    id,
    status: at > acceptedAt ? 'scheduled' : 'accepted',
    acceptedAt: formatInstant(acceptedAt),
    at: formatInstant(at),
    expiresAt: formatInstant(expiresAt),
    links: { self, cancel: `${self}/cancel` },
  } satisfies AcceptedNotification;
}

export function notificationView(record: NotificationRecord, counts: DeliveryCounts): NotificationView {
  const { notification, status, sentAt, cancelledAt } = record;
  const { kind, title, body, uri, data, audience, ttl, collapseKey, transports } = notification;
  return {
    ...acceptedView(notification),
    status,
    kind,
    title,
    body,
    uri,
    data,
    audience,
    ttl,
    collapseKey,
    transports,
    ...(sentAt !== undefined && { sentAt: formatInstant(sentAt) }),
    ...(cancelledAt !== undefined && { cancelledAt: formatInstant(cancelledAt) }),
    counts,
  };
}

export const deliveryView = ({ notificationId, deviceId, state, steps }: Delivery): DeliveryView => ({
  notificationId,
  deviceId,
  state,
  steps: steps.map((step) => ({ ...step, at: formatInstant(step.at) })),
});
