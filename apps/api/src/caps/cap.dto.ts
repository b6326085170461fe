import { ApiProperty } from '@nestjs/swagger';
import { DURATION_RULE, MAX_CAP, MAX_CAP_SECONDS, parseDuration } from '@carillon/domain';
import { IsName, IsWhole, Must } from '../http/rules.js';

const isSpan = (value: unknown): boolean => {
  const seconds = typeof value === 'string' ? parseDuration(value) : undefined;
  return seconds !== undefined && seconds > 0 && seconds <= MAX_CAP_SECONDS;
};

export class CapParams {
  @ApiProperty({ example: 'news', description: 'a category, or `overall`: all notifications together' })
  @IsName()
  category!: string;
}

export class PutCap {
  @ApiProperty({ minimum: 1, maximum: MAX_CAP, example: 3, description: 'notifications for one user' })
  @IsWhole(1, MAX_CAP)
  max!: number;

  @ApiProperty({ example: '1d', description: `in any span so long, up to 90d; ${DURATION_RULE}` })
  @Must(`must be up to 90d: ${DURATION_RULE}`, isSpan)
  per!: string;
}

export class CapView extends PutCap {
  @ApiProperty({ example: 'news' })
  category!: string;
}

export class CapList {
  @ApiProperty({ type: [CapView], description: 'in the order of their categories' })
  caps!: CapView[];
}
