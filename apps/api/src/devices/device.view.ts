import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  type AttributeValue,
  type Connection,
  type Device,
  type DevicePosition,
  formatInstant,
} from '@carillon/domain';

export class PositionView {
  @ApiProperty({ example: 52.5163 })
  lat!: number;

  @ApiProperty({ example: 13.3777 })
  lon!: number;

  @ApiProperty({ format: 'date-time' })
  at!: string;
}

export class DeviceView {
  @ApiProperty({ example: 'phone-1' })
  id!: string;

  @ApiPropertyOptional({ example: 'anna' })
  user?: string;

  @ApiPropertyOptional({ example: 'android' })
  platform?: string;

  @ApiPropertyOptional({ example: 'de-AT' })
  locale?: string;

  @ApiPropertyOptional({ example: '2.4.1' })
  appVersion?: string;

  @ApiPropertyOptional({ example: 'Europe/Vienna' })
  timeZone?: string;

  @ApiProperty({ type: [String], example: ['beta', 'de'] })
  tags!: string[];

  @ApiProperty({ type: 'object', additionalProperties: true, example: { model: 'Pixel 9', paid: true } })
  attributes!: Record<string, AttributeValue>;

  @ApiProperty()
  autoSubscribe!: boolean;

  @ApiPropertyOptional({
    enum: [true],
    description: 'the device registered itself over XMPP, under an id of its own choosing',
  })
  selfRegistered?: true;

  @ApiPropertyOptional({ enum: [true], description: 'its former positions are kept' })
  keepPositions?: true;

  @ApiPropertyOptional({ type: PositionView })
  position?: PositionView;

  @ApiProperty({ type: [String], description: 'groups that it belongs to, itself or by its user' })
  groups!: string[];

  @ApiPropertyOptional({ format: 'date-time', description: 'when its last connection began or ended' })
  lastSeen?: string;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ format: 'date-time' })
  updatedAt!: string;
}

export class DeviceWithToken extends DeviceView {
  @ApiPropertyOptional({
    description: "the device's password on every protocol; only here, only when the device was created",
    example: 'kV0m0cQm5mCkS4gQ2dV7Qy1g5u2rW8n3xYt6aZb9cDe',
  })
  token?: string;
}

export class DevicePage {
  @ApiProperty({ type: [DeviceView] })
  devices!: DeviceView[];

  @ApiPropertyOptional({ description: 'the cursor of the next page; absent on the last' })
  next?: string;
}

export class TokenView {
  @ApiProperty({ example: 'phone-1' })
  id!: string;

  @ApiProperty({
    description: 'the new token, shown once',
    example: 'kV0m0cQm5mCkS4gQ2dV7Qy1g5u2rW8n3xYt6aZb9cDe',
  })
  token!: string;
}

export class ConnectionView {
  @ApiProperty({ enum: ['mqtt', 'xmpp', 'poll'], example: 'mqtt' })
  transport!: string;

  @ApiProperty({ description: 'the process that holds the socket' })
  edge!: string;
}

export class PresenceView {
  @ApiProperty({ example: 'phone-1' })
  id!: string;

  @ApiProperty()
  online!: boolean;

  @ApiProperty({ type: [ConnectionView], description: 'newest first' })
  connections!: ConnectionView[];
}

export function deviceView(device: Device) {
  const {
    id,
    user,
    platform,
    locale,
    appVersion,
    lastSeen,
    tags,
    attributes,
    autoSubscribe,
    position,
    groups,
  } = device;
  return {
    id,
    ...(user !== undefined && { user }),
    ...(platform !== undefined && { platform }),
    ...(locale !== undefined && { locale }),
    ...(appVersion !== undefined && { appVersion }),
    ...(device.timeZone !== undefined && { timeZone: device.timeZone }),
    tags: [...tags],
    attributes: { ...attributes },
    autoSubscribe,
    ...(device.selfRegistered && { selfRegistered: true as const }),
    ...(device.keepPositions && { keepPositions: true as const }),
    ...(position && { position: positionView(position) }),
    groups: [...groups],
    ...(lastSeen !== undefined && { lastSeen: formatInstant(lastSeen) }),
    createdAt: formatInstant(device.createdAt),
    updatedAt: formatInstant(device.updatedAt),
  } satisfies DeviceView;
}

export const positionView = ({ lat, lon, at }: DevicePosition): PositionView => ({
  lat,
  lon,
  at: formatInstant(at),
});

export const presenceView = (id: string, connections: readonly Connection[]): PresenceView => ({
  id,
  online: connections.length > 0,
  connections: connections.map(({ transport, edgeId }) => ({ transport, edge: edgeId })),
});
