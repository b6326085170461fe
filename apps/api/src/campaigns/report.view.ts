import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { CAMPAIGN_STATES, type CampaignState, type DeliveryCounts } from '@carillon/domain';
import { IsOptional } from 'class-validator';
import { IsOneOf } from '../http/rules.js';
import { CountsView } from '../notifications/notification.view.js';
import { RunView } from './run.view.js';

export class ReportQuery {
  @ApiPropertyOptional({
    enum: ['json', 'csv'],
    description: 'as `Accept` says unless given: application/json or text/csv',
  })
  @IsOptional()
  @IsOneOf('json', 'csv')
  format?: 'json' | 'csv';
}

export class RatesView {
  @ApiProperty({ description: 'acknowledged of all that were made, 0 to 1' }) acknowledged!: number;
  @ApiProperty({ description: 'displayed of all that were made' }) displayed!: number;
  @ApiProperty({ description: 'opened of all that were made' }) opened!: number;
  @ApiProperty({ description: 'failed and dropped of all that came to an end' }) errors!: number;
}

export class TotalView {
  @ApiProperty({ type: CountsView })
  counts!: DeliveryCounts;

  @ApiProperty({ type: RatesView })
  rates!: RatesView;
}

export class VariantTotal extends TotalView {
  @ApiProperty({ example: 'A' })
  variant!: string;
}

export class CampaignReport {
  @ApiProperty({ example: '01jd8r2m6w3v5q9t7x4c2b1n0k' })
  id!: string;

  @ApiProperty()
  name!: string;

  @ApiProperty({ enum: CAMPAIGN_STATES })
  state!: CampaignState;

  @ApiPropertyOptional({ description: 'the name of the variant that won' })
  chosen?: string;

  @ApiPropertyOptional({ description: 'notifications that a geofence triggered, of the last 10,000' })
  triggered?: number;

  @ApiProperty({ type: TotalView })
  total!: TotalView;

  @ApiProperty({ type: [VariantTotal] })
  variants!: VariantTotal[];

  @ApiProperty({ type: [RunView], description: 'the last 1,000, the latest first' })
  runs!: RunView[];
}

export class CampaignProgress {
  @ApiProperty({ description: 'runs that are not at rest' })
  runs!: number;

  @ApiProperty({ description: 'devices that have still to have their turn' })
  waiting!: number;

  @ApiPropertyOptional({ description: 'deliveries a second now; absent: as fast as it goes' })
  perSecond?: number;

  @ApiPropertyOptional({ description: 'at that rate, without the times outside of its windows, s' })
  secondsLeft?: number;
}
