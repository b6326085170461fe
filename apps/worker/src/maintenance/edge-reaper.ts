import { Injectable } from '@nestjs/common';
import { EdgeRegistry, RedisPresence } from '@carillon/persistence';
import { ProcessContext } from '@carillon/process';

/** Forgets the connections of edges that died without a word. */
@Injectable()
export class EdgeReaper {
  constructor(
    private readonly edges: EdgeRegistry,
    private readonly presence: RedisPresence,
    private readonly context: ProcessContext,
  ) {}

  async sweep(now: number): Promise<void> {
    for (const edgeId of await this.edges.dead(now)) {
      const connections = await this.presence.releaseEdge(edgeId, now);
      // It may have come back meanwhile: it then claims its connections anew.
      if (await this.edges.isDead(edgeId, now)) await this.edges.leave(edgeId);
      this.context.logger.warn({ edgeId, connections }, 'an edge died; its connections were released');
    }
  }
}
