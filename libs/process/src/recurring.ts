import { supervise, type ErrorLog } from '@carillon/observability';

/** Work that is done again and again with a pause in between; a failed round is logged and the next one comes. */
export class Recurring {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private stopped = true;

  constructor(
    private readonly name: string,
    /** @returns the pause until the next round, ms */
    private readonly round: () => Promise<number>,
    private readonly logger: ErrorLog,
    private readonly pauseAfterFailure = 1_000,
  ) {}

  start(): void {
    this.stopped = false;
    this.schedule(0);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.running;
  }

  private schedule(pause: number): void {
    if (this.stopped) return;
    this.timer = setTimeout(() => {
      this.running = this.run();
      supervise(this.name, this.running, this.logger);
    }, pause);
  }

  private async run(): Promise<void> {
    let pause = this.pauseAfterFailure;
    try {
      pause = await this.round();
    } catch (error) {
      this.logger.error({ error: String(error) }, `${this.name} failed and is tried again`);
    }
    this.schedule(pause);
  }
}
