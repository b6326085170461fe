import { Controller, Get, Header } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import {
  HealthCheck,
  HealthCheckService,
  HealthIndicatorService,
  type HealthCheckResult,
} from '@nestjs/terminus';
import { Store } from '@carillon/persistence';
import { ProcessContext } from '../process-context.js';

/** A Redis that has not answered for so long counts as away, ms. */
const PING_TIMEOUT = 1_000;

@ApiExcludeController()
@Controller('health')
export class HealthController {
  constructor(
    private readonly context: ProcessContext,
    private readonly store: Store,
    private readonly checks: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
  ) {}

  /** The process runs. */
  @Get('live')
  @Header('cache-control', 'no-store')
  live(): { status: string; process: string } {
    return { status: 'ok', process: this.context.name };
  }

  /** It can do its work: Redis answers, and it is not about to end. */
  @Get('ready')
  @HealthCheck()
  ready(): Promise<HealthCheckResult> {
    return this.checks.check([() => this.redis(), () => this.running()]);
  }

  private async redis(): Promise<Record<string, { status: 'up' | 'down' }>> {
    const indicator = this.indicators.check('redis');
    const answer = await Promise.race([
      this.store.client.exists(this.store.keys.install()).catch((error: Error) => error),
      new Promise<Error>((resolve) =>
        setTimeout(() => resolve(new Error('no answer')), PING_TIMEOUT).unref(),
      ),
    ]);
    return answer instanceof Error ? indicator.down(answer.message) : indicator.up();
  }

  private running(): Record<string, { status: 'up' | 'down' }> {
    const indicator = this.indicators.check('process');
    return this.context.stopping ? indicator.down('stopping') : indicator.up();
  }
}
