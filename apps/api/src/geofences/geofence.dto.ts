import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  FENCE_TRIGGERS,
  type FenceTrigger,
  MAX_TTL,
  type NotificationKind,
  PRIORITIES,
  type Priority,
  type Shape,
} from '@carillon/domain';
import { FreeForm } from '@carillon/process';
import { Type } from 'class-transformer';
import { IsDefined, IsOptional, IsString, ValidateNested } from 'class-validator';
import { IsBetween, IsListOf, IsName, isObject, IsOneOf, IsText, IsWhole, Must } from '../http/rules.js';

const FENCE_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const YEAR = 366 * 86_400;

export class GeofenceParams {
  @ApiProperty({ example: 'shop-7', pattern: FENCE_ID.source })
  @Must(
    'must be 1 to 64 characters of letters, digits, ".", "_", "-", beginning with a letter or digit',
    (value) => typeof value === 'string' && FENCE_ID.test(value),
  )
  id!: string;
}

export class FenceCapFields {
  @ApiProperty({ minimum: 1, maximum: 1000, description: 'notifications for one device', example: 1 })
  @IsWhole(1, 1_000)
  max!: number;

  @ApiProperty({ minimum: 1, maximum: YEAR, description: 'in so many seconds', example: 86400 })
  @IsWhole(1, YEAR, 'seconds')
  seconds!: number;
}

/** What the device is sent. */
export class FenceNotificationFields {
  @ApiPropertyOptional({ enum: ['notification', 'message'], default: 'notification' })
  @IsOptional()
  @IsOneOf('notification', 'message')
  kind?: NotificationKind;

  @ApiPropertyOptional({ example: 'Welcome' })
  @IsOptional()
  @IsString()
  title?: string;

  @ApiPropertyOptional({ example: 'Coffee is on us today.' })
  @IsOptional()
  @IsString()
  body?: string;

  @ApiPropertyOptional({ example: 'https://example.org/coffee' })
  @IsOptional()
  @Must('must be a URI of up to 2048 characters without white space', (value) =>
    typeof value === 'string' ? value.length <= 2_048 && /^\S+$/.test(value) : false,
  )
  uri?: string;

  @ApiPropertyOptional({ type: 'object', additionalProperties: true })
  @IsOptional()
  @FreeForm()
  @Must('must be a JSON object', isObject)
  data?: Record<string, unknown>;

  @ApiPropertyOptional({ minimum: 0, maximum: MAX_TTL, default: 3600, description: 's' })
  @IsOptional()
  @IsWhole(0, MAX_TTL, 'seconds')
  ttl?: number;

  @ApiPropertyOptional({ enum: PRIORITIES, default: 'normal' })
  @IsOptional()
  @IsOneOf(...PRIORITIES)
  priority?: Priority;

  @ApiPropertyOptional({ example: 'offer' })
  @IsOptional()
  @IsName()
  collapseKey?: string;
}

export class PutGeofence {
  @ApiPropertyOptional({ example: 'The shop at the market' })
  @IsOptional()
  @IsText(256)
  name?: string | null;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    example: { circle: { lat: 52.5163, lon: 13.3777, radius: 200 } },
    description: '`circle`, `box` or `geojson`, as in an audience',
  })
  @FreeForm()
  @IsDefined({ message: 'must be given' })
  area!: unknown;

  @ApiProperty({ enum: FENCE_TRIGGERS, isArray: true, example: ['enter'] })
  @IsListOf(
    `must be one of: ${FENCE_TRIGGERS.join(', ')}`,
    (item) => FENCE_TRIGGERS.includes(item as FenceTrigger),
    { min: 1, max: FENCE_TRIGGERS.length },
  )
  triggers!: FenceTrigger[];

  @ApiPropertyOptional({
    minimum: 1,
    maximum: 604800,
    default: 300,
    description: 'for how long a device stays before `dwell`, s',
  })
  @IsOptional()
  @IsWhole(1, 604_800, 'seconds')
  dwellSeconds?: number | null;

  @ApiPropertyOptional({
    minimum: 0,
    maximum: 100_000,
    default: 50,
    description: 'a device that is inside has left when it is further away than this, m: positions flutter',
  })
  @IsOptional()
  @IsBetween(0, 100_000, 'metres')
  hysteresis?: number | null;

  @ApiPropertyOptional({ type: FenceCapFields, description: 'none unless given' })
  @IsOptional()
  @Must('must be an object', isObject)
  @ValidateNested()
  @Type(() => FenceCapFields)
  cap?: FenceCapFields | null;

  @ApiPropertyOptional({
    type: FenceNotificationFields,
    description: 'sent to the device, once a trigger and visit; without it the fence is there for campaigns',
  })
  @IsOptional()
  @Must('must be an object', isObject)
  @ValidateNested()
  @Type(() => FenceNotificationFields)
  notification?: FenceNotificationFields | null;
}

export class GeofenceView {
  @ApiProperty({ example: 'shop-7' })
  id!: string;

  @ApiPropertyOptional()
  name?: string;

  @ApiProperty({ type: 'object', additionalProperties: true })
  area!: Shape;

  @ApiProperty({ enum: FENCE_TRIGGERS, isArray: true })
  triggers!: readonly FenceTrigger[];

  @ApiProperty({ description: 's' })
  dwellSeconds!: number;

  @ApiProperty({ description: 'm' })
  hysteresis!: number;

  @ApiPropertyOptional({ type: FenceCapFields })
  cap?: FenceCapFields;

  @ApiPropertyOptional({ type: FenceNotificationFields })
  notification?: FenceNotificationFields;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ format: 'date-time' })
  updatedAt!: string;
}

export class GeofencePage {
  @ApiProperty({ type: [GeofenceView], description: 'in the order of their ids' })
  geofences!: GeofenceView[];

  @ApiPropertyOptional({ description: 'the cursor of the next page; absent on the last' })
  next?: string;
}
