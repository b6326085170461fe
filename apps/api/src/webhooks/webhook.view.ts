import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  formatInstant,
  type Webhook,
  WEBHOOK_EVENT_TYPES,
  type WebhookEventType,
  type WebhookHealth,
  type WebhookLetter,
} from '@carillon/domain';

export class WebhookView {
  @ApiProperty({ example: '3f9c0a51e2b74d68' })
  id!: string;

  @ApiProperty({ example: 'https://example.org/hooks/carillon' })
  url!: string;

  @ApiPropertyOptional({ example: 'order system' })
  description?: string;

  @ApiProperty({ enum: WEBHOOK_EVENT_TYPES, isArray: true })
  events!: readonly WebhookEventType[];

  @ApiProperty()
  enabled!: boolean;

  @ApiPropertyOptional({ description: 'why the gateway disabled it', example: 'it answered 410 Gone' })
  disabledReason?: string;

  @ApiProperty({ description: 'batches that wait for their next attempt' })
  waiting!: number;

  @ApiProperty({ description: 'events that a full queue pushed out' })
  dropped!: number;

  @ApiPropertyOptional({ format: 'date-time' })
  lastSuccessAt?: string;

  @ApiPropertyOptional({ format: 'date-time', description: 'the first failure since the last success' })
  failingSince?: string;

  @ApiPropertyOptional({ example: 'it answered 503' })
  lastError?: string;

  @ApiPropertyOptional({ format: 'date-time', description: 'until then the former secret signs too' })
  formerSecretUntil?: string;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ format: 'date-time' })
  updatedAt!: string;
}

export class CreatedWebhook extends WebhookView {
  @ApiProperty({
    description: 'the signing secret, shown once',
    example: 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD',
  })
  secret!: string;
}

export class WebhookList {
  @ApiProperty({ type: [WebhookView], description: 'oldest first' })
  webhooks!: WebhookView[];
}

export class WebhookSecret {
  @ApiProperty({
    description: 'the new secret, shown once',
    example: 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD',
  })
  secret!: string;

  @ApiProperty({ format: 'date-time', description: 'until then the former secret signs too' })
  formerSecretUntil!: string;
}

export class WebhookLetterView {
  @ApiProperty({ example: '1777626000000-0' })
  id!: string;

  @ApiProperty({
    description: 'its `webhook-id`, the same when it is replayed',
    example: 'msg_0123456789abcdef0123456789abcdef',
  })
  batch!: string;

  @ApiProperty({ description: 'why the last attempt failed' })
  reason!: string;

  @ApiProperty({ description: 'how often it was tried', example: 11 })
  attempts!: number;

  @ApiProperty({ format: 'date-time', description: 'when it was given up' })
  at!: string;

  @ApiProperty({ type: 'array', items: { type: 'object', additionalProperties: true } })
  events!: unknown[];
}

export class WebhookLetterPage {
  @ApiProperty({ type: [WebhookLetterView], description: 'oldest first' })
  deadLetters!: WebhookLetterView[];

  @ApiPropertyOptional({ description: 'the cursor of the next page; absent on the last' })
  next?: string;
}

const optionalTime = (name: string, at: number | undefined): Record<string, string> =>
  at === undefined ? {} : { [name]: formatInstant(at) };

export function webhookView(webhook: Webhook, health: WebhookHealth) {
  const { id, url, description, events, enabled, disabledReason, formerUntil } = webhook;
  const { waiting, dropped, lastError } = health;
  const overlaps = formerUntil !== undefined && formerUntil > Date.now();
  return {
    id,
    url,
    ...(description !== undefined && { description }),
    events,
    enabled,
    ...(disabledReason !== undefined && { disabledReason }),
    waiting,
    dropped,
    ...optionalTime('lastSuccessAt', health.lastSuccessAt),
    ...optionalTime('failingSince', health.failingSince),
    ...(lastError !== undefined && { lastError }),
    ...optionalTime('formerSecretUntil', overlaps ? formerUntil : undefined),
    createdAt: formatInstant(webhook.createdAt),
    updatedAt: formatInstant(webhook.updatedAt),
  } satisfies WebhookView;
}

export const letterView = ({
  letterId,
  id,
  reason,
  attempts,
  at,
  events,
}: WebhookLetter): WebhookLetterView => ({
  id: letterId,
  batch: id,
  reason,
  attempts,
  at: formatInstant(at),
  events: JSON.parse(events) as unknown[],
});
