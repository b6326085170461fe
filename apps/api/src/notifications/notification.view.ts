import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  type Audience,
  type ContentOverrides,
  type ContentTemplate,
  type Delivery,
  DELIVERY_STATES,
  type DeliveryCounts,
  type DeliveryState,
  formatInstant,
  type Notification,
  type NotificationKind,
  type NotificationStatus,
  PRIORITIES,
  type Priority,
  type RejectedName,
  type StepRecord,
  TRANSPORT_KINDS,
  type TransportKind,
} from '@carillon/domain';
import type { NotificationRecord } from '@carillon/persistence';
import { RejectedView } from '../audience/preview.dto.js';

const STATUSES: readonly (NotificationStatus | 'paused')[] = [
  'scheduled',
  'accepted',
  'sending',
  'paused',
  'sent',
  'cancelled',
  'recalled',
];
const STATUS_DOC =
  '`scheduled`, `accepted`, `sending`, `paused`, `sent` (every inbox has it; the counts tell the rest), `cancelled` or `recalled`';

export class NotificationLinks {
  @ApiProperty({ example: '/v1/notifications/01jd8r2m6w3v5q9t7x4c2b1n0k' })
  self!: string;

  @ApiProperty({ example: '/v1/notifications/01jd8r2m6w3v5q9t7x4c2b1n0k/cancel' })
  cancel!: string;

  @ApiProperty({ example: '/v1/notifications/01jd8r2m6w3v5q9t7x4c2b1n0k/recall' })
  recall!: string;

  @ApiProperty({ example: '/v1/notifications/01jd8r2m6w3v5q9t7x4c2b1n0k/deliveries' })
  deliveries!: string;
}

export class AcceptedNotification {
  @ApiProperty({ example: '01jd8r2m6w3v5q9t7x4c2b1n0k' })
  id!: string;

  @ApiProperty({ enum: ['accepted', 'scheduled'] })
  status!: NotificationStatus | 'paused';

  @ApiProperty({ format: 'date-time' })
  acceptedAt!: string;

  @ApiProperty({ format: 'date-time', description: 'when it is due' })
  at!: string;

  @ApiProperty({ format: 'date-time' })
  expiresAt!: string;

  @ApiPropertyOptional({
    type: [RejectedView],
    description:
      'users without devices, groups without members, devices, segments and lists that are not there; absent without any',
  })
  rejected?: readonly RejectedName[];

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
  @ApiProperty({ description: 'taken back before a device acknowledged it' }) recalled!: number;
  @ApiProperty({ description: 'went with a device that was deleted, or with its former user' })
  purged!: number;
  @ApiProperty() failed!: number;
  @ApiProperty({ description: 'held back by a cap, or had no turn: not sent to the device' })
  suppressed!: number;
}

export class ProgressView {
  @ApiProperty({ description: 'devices that have still to have their turn' })
  waiting!: number;

  @ApiPropertyOptional({ description: 'deliveries a second now; absent: as fast as it goes' })
  perSecond?: number;

  @ApiPropertyOptional({ description: 'at that rate, without the times outside of its windows, s' })
  secondsLeft?: number;

  @ApiPropertyOptional({ format: 'date-time', description: 'outside of its windows: when it goes on' })
  resumesAt?: string;

  @ApiPropertyOptional({
    format: 'date-time',
    description: 'when the next device has its turn, where none has it now',
  })
  nextAt?: string;

  @ApiProperty({ format: 'date-time' })
  notAfter!: string;
}

export class NotificationView extends AcceptedNotification {
  @ApiProperty({ enum: STATUSES, description: STATUS_DOC })
  declare status: NotificationStatus | 'paused';

  @ApiProperty({ enum: ['notification', 'message', 'recall'] })
  kind!: NotificationKind;

  @ApiPropertyOptional()
  title?: string;

  @ApiPropertyOptional()
  body?: string;

  @ApiPropertyOptional()
  uri?: string;

  @ApiPropertyOptional({ type: 'object', additionalProperties: true })
  data?: Readonly<Record<string, unknown>>;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: { type: 'object', additionalProperties: true },
    description: 'by transport, where something else is said',
  })
  overrides?: ContentOverrides;

  @ApiPropertyOptional({ description: 'what it counts as where caps are set' })
  category?: string;

  @ApiPropertyOptional({ enum: [true], description: 'no cap holds it back' })
  critical?: true;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    description: 'what each device is told is made from this, with these variables',
  })
  template?: ContentTemplate;

  @ApiProperty({ type: 'object', additionalProperties: true, example: { user: ['anna'] } })
  audience!: Audience;

  @ApiProperty({ description: 's' })
  ttl!: number;

  @ApiPropertyOptional()
  collapseKey?: string;

  @ApiPropertyOptional({ enum: TRANSPORT_KINDS, isArray: true })
  transports?: readonly TransportKind[];

  @ApiPropertyOptional({ description: 'the one in whose place it is shown' })
  replaces?: string;

  @ApiPropertyOptional({ description: 'of a recall: the one that is taken back' })
  recalls?: string;

  @ApiProperty({ enum: PRIORITIES })
  priority!: Priority;

  @ApiProperty()
  requireAck!: boolean;

  @ApiPropertyOptional({ description: 's' })
  fallbackAfter?: number;

  @ApiPropertyOptional({ format: 'date-time' })
  sentAt?: string;

  @ApiPropertyOptional({ format: 'date-time' })
  cancelledAt?: string;

  @ApiPropertyOptional({ format: 'date-time' })
  recalledAt?: string;

  @ApiPropertyOptional({ description: 'the notification that told devices to remove this one' })
  recallId?: string;

  @ApiPropertyOptional({ type: ProgressView, description: 'of one that is spread over time' })
  progress?: ProgressView;

  @ApiProperty({ type: CountsView })
  counts!: DeliveryCounts;
}

export class NotificationStatusView {
  @ApiProperty({ example: '01jd8r2m6w3v5q9t7x4c2b1n0k' })
  id!: string;

  @ApiProperty({ enum: STATUSES, example: 'cancelled' })
  status!: NotificationStatus | 'paused';
}

export class DeliveryStepView {
  @ApiProperty({ enum: DELIVERY_STATES })
  state!: DeliveryState;

  @ApiProperty({ format: 'date-time' })
  at!: string;

  @ApiPropertyOptional({ example: 'mqtt' })
  transport?: string;

  @ApiPropertyOptional({ description: 'the process that held the connection', example: 'edge-71-0b1c2d3e' })
  edge?: string;

  @ApiPropertyOptional({ description: 'how or why', example: 'puback' })
  detail?: string;
}

export class RecalledNotification {
  @ApiProperty({ example: '01jd8r2m6w3v5q9t7x4c2b1n0k' })
  id!: string;

  @ApiProperty({ enum: STATUSES, example: 'recalled' })
  status!: NotificationStatus;

  @ApiProperty({ description: 'the notification of kind `recall` that tells devices' })
  recallId!: string;

  @ApiProperty({ description: 'copies that no device had: they have left their inboxes', example: 3 })
  withdrawn!: number;

  @ApiProperty({ description: 'devices that have it, or may have it, and are told to remove it', example: 5 })
  told!: number;
}

export class DryRunView {
  @ApiProperty({ enum: [true] })
  dryRun!: true;

  @ApiProperty({ description: 'devices that the audience has now', example: 12 })
  devices!: number;

  @ApiProperty({
    description: 'of these, those that are connected over a transport that may be used',
    example: 7,
  })
  online!: number;

  @ApiProperty({ description: 'false: there are more devices, the count was given up' })
  complete!: boolean;

  @ApiProperty({ format: 'date-time' })
  at!: string;

  @ApiProperty({ format: 'date-time' })
  expiresAt!: string;
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

export class DeliveryPage {
  @ApiProperty({ type: [DeliveryView], description: 'in no particular order' })
  deliveries!: DeliveryView[];

  @ApiPropertyOptional({ description: 'the cursor of the next page; absent on the last' })
  next?: string;
}

/** As it was accepted, whatever has become of it since: a repeated request gets the same answer. */
export function acceptedView({ id, acceptedAt, at, expiresAt, rejected }: Notification) {
  const self = `/v1/notifications/${id}`;
  return {
    id,
    status: at > acceptedAt ? 'scheduled' : 'accepted',
    acceptedAt: formatInstant(acceptedAt),
    at: formatInstant(at),
    expiresAt: formatInstant(expiresAt),
    ...(rejected && rejected.length > 0 && { rejected }),
    links: {
      self,
      cancel: `${self}/cancel`,
      recall: `${self}/recall`,
      deliveries: `${self}/deliveries`,
    },
  } satisfies AcceptedNotification;
}

/** A paced one that was stopped or is over is not paused any more. */
export const statusView = ({ status, paused }: NotificationRecord): NotificationStatus | 'paused' =>
  paused && ['scheduled', 'accepted', 'sending'].includes(status) ? 'paused' : status;

export function notificationView(
  record: NotificationRecord,
  counts: DeliveryCounts,
  progress?: ProgressView,
): NotificationView {
  const { notification, sentAt, cancelledAt, recalledAt, recallId } = record;
  const { kind, title, body, uri, data, audience, ttl, collapseKey, transports } = notification;
  const { replaces, recalls, priority = 'normal', requireAck = false, fallbackAfter } = notification;
  const { overrides, template, category, critical } = notification;
  return {
    ...acceptedView(notification),
    status: statusView(record),
    kind,
    title,
    body,
    uri,
    data,
    ...(category !== undefined && { category }),
    ...(critical && { critical: true as const }),
    ...(overrides && { overrides }),
    ...(template && { template }),
    audience,
    ttl,
    collapseKey,
    transports,
    replaces,
    recalls,
    priority,
    requireAck,
    fallbackAfter,
    ...(sentAt !== undefined && { sentAt: formatInstant(sentAt) }),
    ...(cancelledAt !== undefined && { cancelledAt: formatInstant(cancelledAt) }),
    ...(recalledAt !== undefined && { recalledAt: formatInstant(recalledAt) }),
    recallId,
    ...(progress && { progress }),
    counts,
  };
}

export const deliveryView = ({ notificationId, deviceId, state, steps }: Delivery): DeliveryView => ({
  notificationId,
  deviceId,
  state,
  steps: deliveryStepViews(steps),
});

export const deliveryStepViews = (steps: readonly StepRecord[]): DeliveryStepView[] =>
  steps.map((step) => ({ ...step, at: formatInstant(step.at) }));
