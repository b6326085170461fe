import { ApiProperty, ApiPropertyOptional, getSchemaPath } from '@nestjs/swagger';
import { type DeliveryState, parseInstant } from '@carillon/domain';
import { IsOptional } from 'class-validator';
import { Must } from '../http/rules.js';

const isDay = (value: unknown): boolean =>
  typeof value === 'string' && value.length === 10 && parseInstant(`${value}T00:00:00Z`) !== undefined;

export class StatsQuery {
  @ApiPropertyOptional({ format: 'date', example: '2026-05-01', description: 'in UTC; today unless given' })
  @IsOptional()
  @Must('must be a day such as 2026-05-01', isDay)
  day?: string;
}

export class StateCounts {
  @ApiProperty({ example: 12 })
  total!: number;

  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'integer' },
    example: { mqtt: 8, xmpp: 4 },
    description: 'of these, those that a transport reported',
  })
  byTransport!: Record<string, number>;
}

export type StatesView = Record<DeliveryState, StateCounts>;

export class StatsView {
  @ApiProperty({ format: 'date' })
  day!: string;

  @ApiProperty({
    type: 'object',
    additionalProperties: { $ref: getSchemaPath(StateCounts) },
    description: 'per state, how many deliveries reached it on that day',
  })
  states!: StatesView;
}
