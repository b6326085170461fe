import { Controller, Get, Headers, Ip, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { allows, CarillonError } from '@carillon/domain';
import { isLoopback, Metrics } from '@carillon/observability';
import { RedisApiKeys } from '@carillon/persistence';
import { KeyVerifier } from '@carillon/auth';
import type { FastifyReply } from 'fastify';

/** For this machine's own scraper, or with a key of the scope `manage`; on a port of its own by CARILLON_METRICS_PORT. */
@ApiExcludeController()
@Controller('metrics')
export class MetricsController {
  private readonly verifier: KeyVerifier;

  constructor(
    private readonly metrics: Metrics,
    keys: RedisApiKeys,
  ) {
    this.verifier = new KeyVerifier((id) => keys.find(id));
  }

  @Get()
  async read(
    @Ip() address: string,
    @Headers('authorization') authorization: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    if (!isLoopback(address)) await this.authorize(authorization);
    await reply.header('content-type', this.metrics.contentType).send(await this.metrics.text());
  }

  private async authorize(authorization: string | undefined): Promise<void> {
    const key = await this.verifier.verify(/^Bearer (.+)$/i.exec(authorization ?? '')?.[1] ?? '');
    if (!key) throw new CarillonError('unauthenticated', '/metrics needs a key from other machines');
    if (!allows(key.scopes, 'manage'))
      throw new CarillonError('forbidden', 'the key lacks the scope "manage"');
  }
}
