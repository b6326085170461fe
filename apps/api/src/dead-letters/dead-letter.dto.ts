import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { StreamName } from '@carillon/domain';
import { Type } from 'class-transformer';
import { IsOptional, Matches } from 'class-validator';
import { IsOneOf, IsWhole } from '../http/rules.js';

export const STREAM_NAMES: readonly StreamName[] = ['intake', 'fan-out', 'device-events', 'receipts'];
export const MAX_LETTERS = 1_000;

/** The shard that the stream belongs to, and the entry there. */
const LETTER_ID = /^\d{1,4}\.\d{1,20}-\d{1,20}$/;

export class DeadLetterQuery {
  @ApiProperty({ enum: STREAM_NAMES })
  @IsOneOf(...STREAM_NAMES)
  stream!: StreamName;

  @ApiPropertyOptional({ minimum: 1, maximum: MAX_LETTERS, default: 100 })
  @IsOptional()
  @Type(() => Number)
  @IsWhole(1, MAX_LETTERS)
  limit: number = 100;
}

export class DeadLetterParams {
  @ApiProperty({ enum: STREAM_NAMES })
  @IsOneOf(...STREAM_NAMES)
  stream!: StreamName;

  @ApiProperty({ example: '0.1777626000000-0' })
  @Matches(LETTER_ID, { message: 'must be the id of a dead letter, such as 0.1777626000000-0' })
  id!: string;
}

export class DeadLetterView {
  @ApiProperty({ example: '0.1777626000000-0' })
  id!: string;

  @ApiProperty({ enum: STREAM_NAMES })
  stream!: StreamName;

  @ApiProperty({
    description: 'the entry as it was',
    example: '{"notificationId":"01jd8r2m6w3v5q9t7x4c2b1n0k"}',
  })
  data!: string;

  @ApiProperty({ description: 'why the last attempt failed' })
  reason!: string;

  @ApiProperty({ description: 'how often it was tried', example: 5 })
  deliveries!: number;

  @ApiProperty({ format: 'date-time' })
  at!: string;
}

export class DeadLetterList {
  @ApiProperty({ type: [DeadLetterView] })
  deadLetters!: DeadLetterView[];
}
