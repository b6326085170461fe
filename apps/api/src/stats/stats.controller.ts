import { Controller, Get, Query } from '@nestjs/common';
import { ApiExtraModels, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { AuthenticatedKey } from '@carillon/auth';
import { Caller, RequireScope } from '../access/require-scope.decorator.js';
import { Failures } from '../http/failures.decorator.js';
import { StateCounts, StatsQuery, StatsView } from './stats.dto.js';
import { StatsService } from './stats.service.js';

@ApiTags('stats')
@ApiExtraModels(StateCounts)
@Controller('v1/stats')
export class StatsController {
  constructor(private readonly stats: StatsService) {}

  @Get()
  @RequireScope('read')
  @ApiOperation({
    summary: 'How many deliveries reached each state on a day (UTC); days are kept for 90 days',
  })
  @ApiOkResponse({ type: StatsView })
  @Failures('invalid-request')
  read(@Caller() { app }: AuthenticatedKey, @Query() { day }: StatsQuery): Promise<StatsView> {
    return this.stats.read(app, day ?? new Date().toISOString().slice(0, 10));
  }
}
