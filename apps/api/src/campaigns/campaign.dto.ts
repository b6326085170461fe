import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { FENCE_TRIGGERS, type FenceTrigger } from '@carillon/domain';
import { FreeForm } from '@carillon/process';
import { Type } from 'class-transformer';
import { ArrayMaxSize, ArrayMinSize, IsArray, IsDefined, IsOptional, ValidateNested } from 'class-validator';
import { AUDIENCE_SCHEMA } from '../audience/preview.dto.js';
import {
  IsBetween,
  IsListOf,
  IsName,
  IsNotificationId,
  isObject,
  IsOneOf,
  IsText,
  IsWhole,
  Must,
} from '../http/rules.js';

const MONTH = 30 * 86_400;
const MAX_VARIANTS = 10;
const FREE = { type: 'object', additionalProperties: true } as const;

export class CampaignParams {
  @ApiProperty({ example: '01jd8r2m6w3v5q9t7x4c2b1n0k' })
  @IsNotificationId('campaign')
  id!: string;
}

export class VariantFields {
  @ApiProperty({ example: 'A' })
  @IsName()
  name!: string;

  @ApiProperty({ example: 10, description: 'of the audience, percent; hundredths count' })
  @IsBetween(0.01, 100, 'percent')
  share!: number;

  @ApiPropertyOptional({ ...FREE, description: "what it changes in the campaign's `message`" })
  @IsOptional()
  @FreeForm()
  @Must('must be a JSON object', isObject)
  message?: Record<string, unknown> | null;
}

export class WinnerFields {
  @ApiProperty({ enum: ['opened'], description: 'the highest share of opened deliveries wins' })
  @IsOneOf('opened')
  by!: 'opened';

  @ApiProperty({ minimum: 1, maximum: MONTH, description: 'so long after a run began, s', example: 14400 })
  @IsWhole(1, MONTH, 'seconds')
  after!: number;
}

export class TriggerFields {
  @ApiProperty({ example: 'shop-7' })
  @IsText(64)
  geofence!: string;

  @ApiProperty({ enum: FENCE_TRIGGERS, isArray: true, example: ['enter'] })
  @IsListOf(
    `must be one of: ${FENCE_TRIGGERS.join(', ')}`,
    (item) => FENCE_TRIGGERS.includes(item as FenceTrigger),
    { min: 1, max: FENCE_TRIGGERS.length },
  )
  on!: FenceTrigger[];
}

/** As the pace of a notification, but that its end is told from the run's time on. */
export class LimitFields {
  @ApiPropertyOptional({ example: 200, description: 'deliveries a second of a run, over all workers' })
  @IsOptional()
  @FreeForm()
  perSecond?: unknown;

  @ApiPropertyOptional({ description: 'the same by the minute' })
  @IsOptional()
  @FreeForm()
  perMinute?: unknown;

  @ApiPropertyOptional({ ...FREE, example: { from: 10, seconds: 600 } })
  @IsOptional()
  @FreeForm()
  ramp?: unknown;

  @ApiPropertyOptional({ type: 'array', items: FREE, example: [{ from: '09:00', to: '21:00' }] })
  @IsOptional()
  @FreeForm()
  windows?: unknown;

  @ApiPropertyOptional({ enum: ['zone', 'device'], description: 'whose clock the windows are on' })
  @IsOptional()
  @FreeForm()
  clock?: unknown;

  @ApiPropertyOptional({ example: 'Europe/Berlin', description: 'IANA, of the windows' })
  @IsOptional()
  @FreeForm()
  zone?: unknown;

  @ApiPropertyOptional({
    minimum: 1,
    maximum: MONTH,
    description:
      'so long after its time a run is over: who has not had his turn does not get it, s; 3 days unless given',
  })
  @IsOptional()
  @IsWhole(1, MONTH, 'seconds')
  endAfter?: number | null;

  @ApiPropertyOptional({
    minimum: 0,
    maximum: 1,
    example: 0.05,
    description:
      'pauses the campaign when a greater share of the deliveries that came to an end failed, from 20 such deliveries on',
  })
  @IsOptional()
  @IsBetween(0, 1, 'share')
  maxErrorRate?: number | null;
}

export class PutCampaign {
  @ApiProperty({ example: 'Spring offer' })
  @IsText(128)
  name!: string;

  @ApiProperty({ ...AUDIENCE_SCHEMA, description: 'whom: an expression, in JSON or as a text' })
  @FreeForm()
  @IsDefined({ message: 'must say whom, for example "group:vip and not tag:muted"' })
  audience!: unknown;

  @ApiPropertyOptional({
    ...FREE,
    example: { title: 'Tea is on sale', ttl: 86400 },
    description:
      'What is sent: a notification as `POST /v1/notifications` takes it, without `audience`, `at`, `zone`, `pace`, `dryRun` and ' +
      '`requireRecipients`, which the campaign has elsewhere or not at all',
  })
  @IsOptional()
  @FreeForm()
  @Must('must be a JSON object', isObject)
  message?: Record<string, unknown> | null;

  @ApiPropertyOptional({
    type: [VariantFields],
    description:
      'Shares of the audience that try different messages; the same devices in every run. What they leave of the audience waits for the winner.',
  })
  @IsOptional()
  @IsArray({ message: `must be an array of 1 to ${MAX_VARIANTS} variants` })
  @ArrayMinSize(1, { message: `must be an array of 1 to ${MAX_VARIANTS} variants` })
  @ArrayMaxSize(MAX_VARIANTS, { message: `must be an array of 1 to ${MAX_VARIANTS} variants` })
  @ValidateNested({ each: true })
  @Type(() => VariantFields)
  variants?: VariantFields[] | null;

  @ApiPropertyOptional({ description: 'of the audience, gets nothing, ever: percent', example: 5 })
  @IsOptional()
  @IsBetween(0, 99, 'percent')
  holdOut?: number | null;

  @ApiPropertyOptional({ type: WinnerFields, description: 'by hand unless given' })
  @IsOptional()
  @Must('must be an object', isObject)
  @ValidateNested()
  @Type(() => WinnerFields)
  winner?: WinnerFields | null;

  @ApiPropertyOptional({
    ...FREE,
    example: { cron: '0 9 * * mon-fri', zone: 'Europe/Berlin', start: '2026-12-01', end: '2026-12-24' },
    description:
      'When: `at`, `cron` or `rrule`, with `zone`, `clock` (`zone`, or `device`: on the clock of each), `start`, `end`, `count`, `except` and ' +
      '`missed` (`skip`, `once`, `all`); ' +
      'docs/campaigns.md. Once, as soon as it is started, unless given',
  })
  @IsOptional()
  @FreeForm()
  @Must('must be a JSON object', isObject)
  schedule?: Record<string, unknown> | null;

  @ApiPropertyOptional({
    type: TriggerFields,
    description: 'a geofence starts it for a device, once a visit',
  })
  @IsOptional()
  @Must('must be an object', isObject)
  @ValidateNested()
  @Type(() => TriggerFields)
  trigger?: TriggerFields | null;

  @ApiPropertyOptional({ type: LimitFields })
  @IsOptional()
  @Must('must be an object', isObject)
  @ValidateNested()
  @Type(() => LimitFields)
  limits?: LimitFields | null;
}

export class ChooseWinner {
  @ApiProperty({ example: 'B' })
  @IsName()
  variant!: string;
}
