import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { CarillonError } from '@carillon/domain';
import { Store } from '@carillon/persistence';
import { Recurring } from '@carillon/process';

const ASK_MS = 1_000;
/** A Redis that owes an answer for so long, ms, stands still: then nobody is made to wait for its time-outs. */
const SILENT_MS = 4_000;

/** Knows when Redis is connected and silent. One that refuses says so by itself, at once. */
@Injectable()
export class StoreWatch implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly questions: Recurring;
  /** Since when it owes an answer, ms since 1970. */
  private askedAt: number | undefined;

  constructor(private readonly store: Store) {
    this.questions = new Recurring('watch over Redis', () => this.ask(), new Logger('StoreWatch'));
  }

  onApplicationBootstrap(): void {
    this.questions.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.questions.stop();
  }

  /** @throws CarillonError `unavailable` while Redis is silent */
  assertAnswers(): void {
    if (this.askedAt === undefined || Date.now() - this.askedAt < SILENT_MS) return;
    throw new CarillonError('unavailable', 'the store does not answer now; try again', {
      retryAfterSeconds: 1,
    });
  }

  private async ask(): Promise<number> {
    this.askedAt ??= Date.now();
    await this.store.client.ping().catch((error: unknown) => this.failed(error));
    this.askedAt = undefined;
    return ASK_MS;
  }

  /** Of one that was silent it is not known until it speaks again. */
  private failed(error: unknown): never {
    if (!String(error).includes('Command timed out')) this.askedAt = undefined;
    throw error;
  }
}
