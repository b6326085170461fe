import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { DeliveryCounts, NotificationStatus } from '@carillon/domain';
import { PreviewView } from '../audience/preview.dto.js';
import { RenderedView } from '../templates/template.dto.js';
import { CountsView, ProgressView } from '../notifications/notification.view.js';

export const RUN_STATES = ['missed', 'running', 'undecided', 'ended'] as const;
export type RunState = (typeof RUN_STATES)[number];

export class RunPartView {
  @ApiProperty({ example: 'A' })
  variant!: string;

  @ApiPropertyOptional({ enum: [true], description: 'the rest of the audience, which got the winner' })
  rest?: true;

  @ApiProperty({ description: 'id of the notification', example: '01jd8r2m6w3v5q9t7x4c2b1n0k' })
  notification!: string;

  @ApiPropertyOptional({ description: "the notification's; absent once it is forgotten" })
  status?: NotificationStatus | 'paused';

  @ApiPropertyOptional({ type: ProgressView })
  progress?: ProgressView;

  @ApiPropertyOptional({ type: CountsView, description: 'absent once the notification is forgotten' })
  counts?: DeliveryCounts;
}

export class RunView {
  @ApiProperty({
    format: 'date-time',
    description: 'when it was due; on the clocks of devices, where the time comes first',
  })
  at!: string;

  @ApiPropertyOptional({ description: 'on the clocks of devices', example: '2026-12-01T09:00:00' })
  localTime?: string;

  @ApiProperty({
    enum: RUN_STATES,
    description:
      '`missed`: let go by the schedule’s policy; `undecided`: the rest of the audience waits for the winner',
  })
  state!: RunState;

  @ApiPropertyOptional({ format: 'date-time' })
  begunAt?: string;

  @ApiPropertyOptional({ format: 'date-time', description: 'when it was seen to be at rest' })
  endedAt?: string;

  @ApiProperty({ type: [RunPartView], description: 'a notification for each variant' })
  parts!: RunPartView[];
}

export class RunPage {
  @ApiProperty({ type: [RunView], description: 'the latest first; the last 1,000 are kept' })
  runs!: RunView[];

  @ApiPropertyOptional({ description: 'the cursor of the next page; absent on the last' })
  next?: string;
}

export class VariantPreview {
  @ApiProperty({ example: 'A' })
  variant!: string;

  @ApiProperty({ description: 'of the audience, percent', example: 10 })
  share!: number;

  @ApiProperty({
    type: [RenderedView],
    description:
      'what each of the sample devices would be told; without any, what a device without a language would',
  })
  rendered!: RenderedView[];
}

export class CampaignPreview {
  @ApiProperty({ type: PreviewView })
  audience!: PreviewView;

  @ApiProperty({ type: [VariantPreview] })
  variants!: VariantPreview[];

  @ApiProperty({ description: 'of the audience, gets nothing: percent' })
  holdOut!: number;

  @ApiProperty({ description: 'of the audience, waits for the winner: percent' })
  rest!: number;

  @ApiProperty({
    type: [String],
    description:
      'the next ten times at which it would run, in the zone of its schedule; without an offset on the clocks of devices',
    example: ['2026-12-01T09:00:00+01:00'],
  })
  times!: string[];
}
