import { runScript, type RedisClient } from '@carillon/redis';
import type { QueueLogger } from './stream-entry.js';

export interface ConsumerReaperOptions {
  readonly client: RedisClient;
  readonly streams: readonly string[];
  readonly group: string;
  readonly logger: QueueLogger;
  /** Consumers that were silent for so long and have nothing pending are forgotten, ms. */
  readonly forgetAfterMs: number;
}

/** Every process that reads a stream leaves a consumer in its group: without this, restarts would add up for ever. */
export class ConsumerReaper {
  private timer: NodeJS.Timeout | undefined;
  private round: Promise<void> | undefined;

  constructor(private readonly options: ConsumerReaperOptions) {}

  start(): void {
    this.timer = setInterval(() => this.startRound(), this.options.forgetAfterMs);
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.round;
  }

  private startRound(): void {
    this.round ??= this.forget().finally(() => (this.round = undefined));
  }

  private async forget(): Promise<void> {
    const { client, streams, group, logger, forgetAfterMs } = this.options;
    try {
      for (const stream of streams)
        await runScript(client, 'forget-consumers', [stream], [group, forgetAfterMs]);
    } catch (error) {
      logger.warn({ error: String(error) }, 'forgetting consumers failed');
    }
  }
}
