import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  type AttributeValue,
  CLOCK_TOLERANCE,
  DEVICE_ID,
  isTimeZone,
  LOCALE,
  LOCALE_RULE,
  parseInstant,
} from '@carillon/domain';
import { FreeForm } from '@carillon/process';
import { Type } from 'class-transformer';
import { IsOptional, ValidateNested } from 'class-validator';
import {
  IsBetween,
  IsDeviceId,
  IsListOfNames,
  IsName,
  isName,
  isObject,
  IsText,
  IsYesOrNo,
  Must,
} from '../http/rules.js';

export const MAX_TAGS = 100;
export const MAX_ATTRIBUTES = 64;
export const MAX_ATTRIBUTE_LENGTH = 1_024;

const ATTRIBUTES_RULE =
  `must be an object of up to ${MAX_ATTRIBUTES} attributes; names without white space, "/", "{" or "}", up to 128 characters; ` +
  `values are numbers, booleans or strings of up to ${MAX_ATTRIBUTE_LENGTH} characters`;

export class DeviceParams {
  @ApiProperty({ example: 'phone-1', pattern: DEVICE_ID.source })
  @IsDeviceId()
  id!: string;
}

export class PushServiceQuery {
  @ApiPropertyOptional({ example: 'push.example.org', maxLength: 3_071 })
  @IsOptional()
  @IsText(3_071)
  service?: string;

  @ApiPropertyOptional({ example: 'yxs32uqsflafdk3iuqo', maxLength: 1_024 })
  @IsOptional()
  @IsText(1_024)
  node?: string;
}

export class PositionFields {
  @ApiProperty({
    minimum: -90,
    maximum: 90,
    example: 52.5163,
    description: 'degrees, WGS 84',
  })
  @IsBetween(-90, 90, 'degrees')
  lat!: number;

  @ApiProperty({ minimum: -180, maximum: 180, example: 13.3777, description: 'degrees, WGS 84' })
  @IsBetween(-180, 180, 'degrees')
  lon!: number;

  @ApiPropertyOptional({
    format: 'date-time',
    description: 'when the position was taken, not in the future; now unless given',
  })
  @IsOptional()
  @Must(
    'must be an RFC 3339 time, such as 2026-05-01T09:00:00Z',
    (value) => typeof value === 'string' && parseInstant(value) !== undefined,
  )
  // The latest position stands: one of the future would stand until then.
  @Must(
    'must not lie in the future',
    (value) => typeof value !== 'string' || (parseInstant(value) ?? 0) <= Date.now() + CLOCK_TOLERANCE,
  )
  at?: string;
}

class DeviceFields {
  @ApiPropertyOptional({
    nullable: true,
    type: String,
    example: 'anna',
    description: "the business's own user id",
  })
  @IsOptional()
  @IsName()
  user?: string | null;

  @ApiPropertyOptional({ nullable: true, type: String, example: 'android' })
  @IsOptional()
  @IsText(64)
  platform?: string | null;

  @ApiPropertyOptional({ nullable: true, type: String, example: 'de-AT', description: 'a language tag' })
  @IsOptional()
  @Must(LOCALE_RULE, (value) => typeof value === 'string' && LOCALE.test(value))
  locale?: string | null;

  @ApiPropertyOptional({
    nullable: true,
    type: String,
    example: '2.4.1',
    description: 'of the app on the device; audiences compare it as a semantic version',
  })
  @IsOptional()
  @IsText(64)
  appVersion?: string | null;

  @ApiPropertyOptional({
    nullable: true,
    type: String,
    example: 'Europe/Vienna',
    description: 'IANA: what its clock shows, for deliveries at a local time; a device may report it itself',
  })
  @IsOptional()
  @Must('must be an IANA time zone, such as Europe/Berlin', isTimeZone)
  timeZone?: string | null;

  @ApiPropertyOptional({ nullable: true, type: [String], maxItems: MAX_TAGS, example: ['beta', 'de'] })
  @IsOptional()
  @IsListOfNames({ max: MAX_TAGS })
  tags?: string[] | null;

  @ApiPropertyOptional({
    nullable: true,
    type: Boolean,
    default: false,
    description: 'the gateway subscribes an MQTT client to its inbox topic at connect',
  })
  @IsOptional()
  @IsYesOrNo()
  autoSubscribe?: boolean | null;

  @ApiPropertyOptional({
    nullable: true,
    type: Boolean,
    default: false,
    description: 'keep its former positions: the last thousand, for 30 days after the last of them',
  })
  @IsOptional()
  @IsYesOrNo()
  keepPositions?: boolean | null;

  @ApiPropertyOptional({ nullable: true, type: PositionFields })
  @IsOptional()
  @Must('must be an object', isObject)
  @ValidateNested()
  @Type(() => PositionFields)
  position?: PositionFields | null;
}

/** Everything about a device: what is not given is emptied. */
export class PutDevice extends DeviceFields {
  @ApiPropertyOptional({
    nullable: true,
    type: 'object',
    additionalProperties: { oneOf: [{ type: 'string' }, { type: 'number' }, { type: 'boolean' }] },
    example: { model: 'Pixel 9', paid: true },
  })
  @IsOptional()
  @FreeForm()
  @Must(ATTRIBUTES_RULE, (value) => areAttributes(value, isAttribute))
  attributes?: Record<string, AttributeValue> | null;
}

/** Some things about a device: what is not given stays, null empties. Attributes are changed one by one (RFC 7396). */
export class PatchDevice extends DeviceFields {
  @ApiPropertyOptional({
    nullable: true,
    type: 'object',
    additionalProperties: {
      nullable: true,
      oneOf: [{ type: 'string' }, { type: 'number' }, { type: 'boolean' }],
    },
    example: { model: 'Pixel 10', paid: null },
  })
  @IsOptional()
  @FreeForm()
  @Must(`${ATTRIBUTES_RULE}; null removes one`, (value) =>
    areAttributes(value, (item) => item === null || isAttribute(item)),
  )
  attributes?: Record<string, AttributeValue | null> | null;
}

function areAttributes(value: unknown, fits: (item: unknown) => boolean): boolean {
  if (!isObject(value)) return false;
  const entries = Object.entries(value);
  return entries.length <= MAX_ATTRIBUTES && entries.every(([name, item]) => isName(name) && fits(item));
}

const isAttribute = (value: unknown): value is AttributeValue =>
  typeof value === 'boolean' ||
  (typeof value === 'number' && Number.isFinite(value)) ||
  (typeof value === 'string' && value.length <= MAX_ATTRIBUTE_LENGTH);
