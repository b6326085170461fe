import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { MAX_WEBHOOK_URL, WEBHOOK_EVENT_TYPES, type WebhookEventType } from '@carillon/domain';
import { IsOptional, IsString } from 'class-validator';
import { IsListOf, IsText, IsYesOrNo, Must } from '../http/rules.js';

const WEBHOOK_ID = /^[0-9a-f]{16}$/;
const LETTER_ID = /^\d{1,20}-\d{1,20}$/;
const matches =
  (pattern: RegExp) =>
  (value: unknown): boolean =>
    typeof value === 'string' && pattern.test(value);

const IsEvents = (): PropertyDecorator =>
  IsListOf(
    `must be one of: ${WEBHOOK_EVENT_TYPES.join(', ')}`,
    (item) => WEBHOOK_EVENT_TYPES.includes(item as WebhookEventType),
    { min: 1, max: WEBHOOK_EVENT_TYPES.length },
  );

export class WebhookParams {
  @ApiProperty({ example: '3f9c0a51e2b74d68' })
  @Must('must be the id of a webhook', matches(WEBHOOK_ID))
  id!: string;
}

export class WebhookLetterParams extends WebhookParams {
  @ApiProperty({ example: '1777626000000-0' })
  @Must('must be the id of a dead letter, such as 1777626000000-0', matches(LETTER_ID))
  letter!: string;
}

export class CreateWebhook {
  @ApiProperty({
    example: 'https://example.org/hooks/carillon',
    maxLength: MAX_WEBHOOK_URL,
    description: 'https; to public addresses, or to networks that the operator has named',
  })
  @IsString()
  url!: string;

  @ApiPropertyOptional({ enum: WEBHOOK_EVENT_TYPES, isArray: true, description: 'all unless given' })
  @IsOptional()
  @IsEvents()
  events?: WebhookEventType[] | null;

  @ApiPropertyOptional({ nullable: true, type: String, example: 'order system', maxLength: 256 })
  @IsOptional()
  @IsText(256)
  description?: string | null;
}

export class PatchWebhook {
  @ApiPropertyOptional({ example: 'https://example.org/hooks/carillon', maxLength: MAX_WEBHOOK_URL })
  @IsOptional()
  @IsString()
  url?: string;

  @ApiPropertyOptional({ enum: WEBHOOK_EVENT_TYPES, isArray: true })
  @IsOptional()
  @IsEvents()
  events?: WebhookEventType[];

  @ApiPropertyOptional({ nullable: true, type: String, description: 'null empties' })
  @IsOptional()
  @IsText(256)
  description?: string | null;

  @ApiPropertyOptional({
    description:
      'true also forgets that it failed, and what waits is sent at once; false: nothing is queued or sent',
  })
  @IsOptional()
  @IsYesOrNo()
  enabled?: boolean;
}
