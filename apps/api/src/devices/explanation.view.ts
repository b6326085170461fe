import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { DELIVERY_STATES, type DeliveryState } from '@carillon/domain';
import { IsNotificationId } from '../http/rules.js';
import { DeliveryStepView } from '../notifications/notification.view.js';
import { ConnectionView } from './device.view.js';

export class ExplainQuery {
  @ApiProperty({ example: '01jd8r2m6w3v5q9t7x4c2b1n0k' })
  @IsNotificationId()
  notification!: string;
}

export class ExplanationView {
  @ApiProperty({ example: 'phone-1' })
  deviceId!: string;

  @ApiProperty({ example: '01jd8r2m6w3v5q9t7x4c2b1n0k' })
  notificationId!: string;

  @ApiProperty({ description: 'the device has acknowledged it' })
  arrived!: boolean;

  @ApiPropertyOptional({ enum: DELIVERY_STATES, description: 'absent: the device has no delivery of it' })
  state?: DeliveryState;

  @ApiProperty({
    type: [String],
    description: 'in sentences, for people; they may change',
    example: [
      "It waits in the device's inbox since 2026-05-01T07:00:00.000Z.",
      'The device is not connected.',
    ],
  })
  why!: string[];

  @ApiProperty({ type: [DeliveryStepView] })
  steps!: DeliveryStepView[];

  @ApiProperty({ type: [ConnectionView], description: 'of the device, newest first' })
  connections!: ConnectionView[];
}
