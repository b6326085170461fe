import { ApiPropertyOptional } from '@nestjs/swagger';
import type { CarillonError } from '@carillon/domain';
import { invalidRequest } from '@carillon/process';
import { Type } from 'class-transformer';
import { IsOptional } from 'class-validator';
import { IsText, IsWhole } from './rules.js';

export const MAX_PAGE = 1_000;
const DEFAULT_PAGE = 100;

export class PageQuery {
  @ApiPropertyOptional({ minimum: 1, maximum: MAX_PAGE, default: DEFAULT_PAGE })
  @IsOptional()
  @Type(() => Number)
  @IsWhole(1, MAX_PAGE)
  limit: number = DEFAULT_PAGE;

  @ApiPropertyOptional({ description: 'the `next` of the page before' })
  @IsOptional()
  @IsText(1_024)
  cursor?: string;
}

export const foreignCursor = (): CarillonError =>
  invalidRequest([{ pointer: 'cursor', detail: 'is not a cursor of this list' }]);
