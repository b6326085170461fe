import { ApiExtraModels, ApiProperty, ApiPropertyOptional, getSchemaPath } from '@nestjs/swagger';
import {
  DEFAULT_TTL,
  DELIVERY_STATES,
  type DeliveryState,
  isTemplateId,
  isUri,
  NAME_RULE,
  OVERALL,
  MAX_FALLBACK_AFTER,
  MAX_TTL,
  MAX_URI_LENGTH,
  type NotificationKind,
  PRIORITIES,
  type Priority,
  TRANSPORT_KINDS,
  type TransportKind,
  URI_RULE,
} from '@carillon/domain';
import { CompiledRules, FreeForm } from '@carillon/process';
import { IsDefined, IsOptional, IsString } from 'class-validator';
import { TemplateFields } from '../templates/template.dto.js';
import { PageQuery } from '../http/page.dto.js';
import {
  IsDeviceId,
  IsListOf,
  IsName,
  isName,
  IsNotificationId,
  isObject,
  IsOneOf,
  IsWhole,
  IsYesOrNo,
  Must,
} from '../http/rules.js';

/** What is said, and how it is delivered. */
@ApiExtraModels(TemplateFields)
@CompiledRules()
export class SendNotification {
  @ApiProperty({
    oneOf: [{ type: 'object', additionalProperties: true }, { type: 'string' }],
    example: { any: [{ user: 'anna' }, { all: [{ group: 'staff' }, { not: { tag: 'beta' } }] }] },
    description:
      'Whom: an expression of exactly one member, or its text form, such as `group:vip and not tag:muted`. `user`, `device`, ' +
      '`group`, `tag`, `platform`, `locale`, `presence`, `segment`, `list` take a name or an array of names (any of them); ' +
      '`attr`, `appVersion`, `lastSeen` compare; `area` takes a circle, a box or GeoJSON; `everyone` takes true; `all` and ' +
      '`any` take an array of expressions, `not` takes one. docs/audience.md has them all.',
  })
  @FreeForm()
  @IsDefined({ message: 'must say whom, for example {"user": "anna"}' })
  audience!: unknown;

  @ApiPropertyOptional({
    enum: ['notification', 'message'],
    default: 'notification',
    description:
      '`notification` is shown to a person and needs a title or a body; `message` goes to the program',
  })
  @IsOptional()
  @IsOneOf('notification', 'message')
  kind?: NotificationKind | null;

  @ApiPropertyOptional({ example: 'Tea is ready' })
  @IsOptional()
  @IsString()
  title?: string | null;

  @ApiPropertyOptional({ example: 'Come before it gets cold.' })
  @IsOptional()
  @IsString()
  body?: string | null;

  @ApiPropertyOptional({ example: 'https://example.org/tea', maxLength: MAX_URI_LENGTH })
  @IsOptional()
  @Must(URI_RULE, isUri)
  uri?: string | null;

  @ApiPropertyOptional({ type: 'object', additionalProperties: true, example: { pot: 3 } })
  @IsOptional()
  @FreeForm()
  @Must('must be a JSON object', isObject)
  data?: Record<string, unknown> | null;

  @ApiPropertyOptional({
    oneOf: [{ type: 'string' }, { $ref: getSchemaPath(TemplateFields) }],
    example: 'welcome',
    description:
      'instead of `title`, `body`, `uri` and `data`: the id of a saved template, or one itself, with texts by language and transport and with ' +
      'variables. docs/content.md',
  })
  @IsOptional()
  @FreeForm()
  @Must('must be the id of a template, or a template', (value) => isTemplateId(value) || isObject(value))
  template?: unknown;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    example: { order: '4711' },
    description: "values for the template's variables, before those that it has itself",
  })
  @IsOptional()
  @FreeForm()
  @Must('must be a JSON object', isObject)
  variables?: Record<string, unknown> | null;

  @ApiPropertyOptional({
    example: '2026-12-24T18:00:00+01:00',
    description:
      'When: an RFC 3339 instant, or a local date-time together with `zone`. Where clocks go forward over a local time, the ' +
      'time after the change by as much (02:30 becomes 03:30); where they show it twice, the earlier. Now unless given.',
  })
  @IsOptional()
  @IsString()
  at?: string | null;

  @ApiPropertyOptional({ example: 'Europe/Berlin', description: 'the IANA zone of a local `at`' })
  @IsOptional()
  @IsString()
  zone?: string | null;

  @ApiPropertyOptional({
    minimum: 0,
    maximum: MAX_TTL,
    default: DEFAULT_TTL,
    description:
      'for how long it is kept for a device that does not take it, s; 0 = only for devices that are online',
  })
  @IsOptional()
  @IsWhole(0, MAX_TTL, 'seconds')
  ttl?: number | null;

  @ApiPropertyOptional({
    example: 'tea',
    description: 'takes the place of what an inbox still holds under the same key',
  })
  @IsOptional()
  @IsName()
  collapseKey?: string | null;

  @ApiPropertyOptional({ enum: TRANSPORT_KINDS, isArray: true, description: 'any unless given' })
  @IsOptional()
  @IsListOf(
    `must be one of: ${TRANSPORT_KINDS.join(', ')}`,
    (item) => TRANSPORT_KINDS.includes(item as TransportKind),
    { min: 1, max: TRANSPORT_KINDS.length },
  )
  transports?: TransportKind[] | null;

  @ApiPropertyOptional({
    example: '01jd8r2m6w3v5q9t7x4c2b1n0k',
    description:
      'the id of a notification that was sent before: devices show this one in its place, and where it still waits it ' +
      'goes as `collapsed`',
  })
  @IsOptional()
  @IsNotificationId()
  replaces?: string | null;

  @ApiPropertyOptional({
    enum: PRIORITIES,
    default: 'normal',
    description:
      '`high` is written first, past normal ones that wait, at most four of them to one normal one; the order within a ' +
      'priority holds',
  })
  @IsOptional()
  @IsOneOf(...PRIORITIES)
  priority?: Priority | null;

  @ApiPropertyOptional({
    default: false,
    description:
      'a write that the client does not acknowledge (MQTT QoS 0) leaves it in the inbox until it is displayed, opened, ' +
      'acknowledged over another connection, or expires',
  })
  @IsOptional()
  @IsYesOrNo()
  requireAck?: boolean | null;

  @ApiPropertyOptional({
    minimum: 1,
    maximum: MAX_FALLBACK_AFTER,
    description:
      "with `requireAck`: what is not acknowledged so long after it was written is tried over the device's other connections too, s",
  })
  @IsOptional()
  @IsWhole(1, MAX_FALLBACK_AFTER, 'seconds')
  fallbackAfter?: number | null;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    example: { perSecond: 200, windows: [{ from: '09:00', to: '21:00' }], zone: 'Europe/Berlin' },
    description:
      'Spreads it over time; such a notification can be paused. `perSecond` or `perMinute`: exactly so fast, over all workers; `ramp` ' +
      '`{"from", "seconds"}`: slowly at first; `windows`: only at these times of day (`{"days", "from", "to"}`) in `zone`, or, with `clock` "device", on ' +
      'that of each device; `notAfter`: who has not ' +
      'had his turn by then does not get it (3 days after it is due unless given, at most 30). The time to live of every delivery ends `ttl` after `notAfter`.',
  })
  @IsOptional()
  @FreeForm()
  @Must('must be a JSON object', isObject)
  pace?: Record<string, unknown> | null;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    example: { localTime: '09:00', date: '2026-12-24', defaultZone: 'Europe/Berlin' },
    description:
      'Each device at its own time: `localTime` on its clock (its `timeZone`, else `defaultZone`, UTC unless given), on `date` or the next time that it is; ' +
      '`ifPassed`: with a date that has passed there, `now` or `skip`. Or `activeHour` (true): in the hour in which it is most active, `otherwise` (12:00 ' +
      'unless given, local time) where that is not known. Goes with `pace`.',
  })
  @IsOptional()
  @FreeForm()
  @Must('must be a JSON object', isObject)
  deliverAt?: Record<string, unknown> | null;

  @ApiPropertyOptional({
    example: 'news',
    description: `what it counts as where caps are set (/v1/caps); a cap on "${OVERALL}" is for all, and no category has that name`,
  })
  @IsOptional()
  @Must(`${NAME_RULE}, and not "${OVERALL}"`, (value) => isName(value) && value !== OVERALL)
  category?: string | null;

  @ApiPropertyOptional({ default: false, description: 'no cap holds it back, and it counts for none' })
  @IsOptional()
  @IsYesOrNo()
  critical?: boolean | null;

  @ApiPropertyOptional({
    default: false,
    description: 'refuse it (`no-recipients`) where the audience has no device now',
  })
  @IsOptional()
  @IsYesOrNo()
  requireRecipients?: boolean | null;

  @ApiPropertyOptional({
    default: false,
    description: 'check everything and count the audience, but send nothing: answered with 200',
  })
  @IsOptional()
  @IsYesOrNo()
  dryRun?: boolean | null;
}

export class NotificationParams {
  @ApiProperty({ example: '01jd8r2m6w3v5q9t7x4c2b1n0k' })
  @IsNotificationId()
  id!: string;
}

export class DeliveryQuery extends PageQuery {
  @ApiPropertyOptional({ enum: DELIVERY_STATES, description: 'only deliveries that are in this state now' })
  @IsOptional()
  @IsOneOf(...DELIVERY_STATES)
  state?: DeliveryState;

  @ApiPropertyOptional({ description: 'only that of this device', example: 'phone-1' })
  @IsOptional()
  @IsDeviceId()
  device?: string;
}

export class DeliveryParams extends NotificationParams {
  @ApiProperty({ example: 'phone-1' })
  @IsDeviceId()
  device!: string;
}
