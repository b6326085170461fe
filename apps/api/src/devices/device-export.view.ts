import { ApiProperty } from '@nestjs/swagger';
import { ConnectionView, DeviceView, PositionView } from './device.view.js';

export class VisitView {
  @ApiProperty({ example: 'shop-7' })
  geofence!: string;

  @ApiProperty({ format: 'date-time' })
  since!: string;
}

export class RecordView {
  @ApiProperty({ enum: ['private', 'blocked', 'node', 'item', 'push'] })
  kind!: string;

  @ApiProperty({ example: 'push.example.org' })
  name!: string;

  @ApiProperty()
  value!: string;
}

export class TrackView {
  @ApiProperty({ type: [PositionView], description: 'newest first' })
  positions!: PositionView[];
}

export class DeviceExport {
  @ApiProperty({ type: DeviceView })
  device!: DeviceView;

  @ApiProperty({ type: [PositionView], description: 'former positions, newest first' })
  positions!: PositionView[];

  @ApiProperty({
    type: [Number],
    description: 'how much it was in use lately in each hour of the day (UTC): 24 numbers',
  })
  activityByHour!: number[];

  @ApiProperty({ type: [VisitView], description: 'geofences that it is in' })
  visits!: VisitView[];

  @ApiProperty({ type: [String], description: 'uploaded lists that name it' })
  lists!: string[];

  @ApiProperty({ type: [ConnectionView] })
  connections!: ConnectionView[];

  @ApiProperty({ type: [String], description: 'ids of the notifications in its inbox' })
  inbox!: string[];

  @ApiProperty({
    type: [RecordView],
    description:
      'what its XMPP clients keep with it: private XML, blocked addresses, published items, push services',
  })
  records!: RecordView[];
}
