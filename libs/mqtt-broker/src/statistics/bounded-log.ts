import type { BrokerLogger } from '../hooks.js';

const LINES_PER_SECOND = 10;
const LINES_AT_ONCE = 100;

type Level = 'info' | 'warn' | 'error';

/**
 * What is to be said of single clients: 100 lines at once, 10 a second. What goes beyond is at `debug`, and the next line says
 * how many there were (`unlogged`): nobody floods the log by what they send.
 */
export class BoundedLog {
  private allowance = LINES_AT_ONCE;
  private countedAt: number;
  private unlogged = 0;

  constructor(
    private readonly logger: BrokerLogger,
    private readonly now: () => number,
  ) {
    this.countedAt = now();
  }

  debug(message: string, context: Record<string, unknown>): void {
    this.logger.debug(message, context);
  }

  info(message: string, context: Record<string, unknown>): void {
    this.write('info', message, context);
  }

  warn(message: string, context: Record<string, unknown>): void {
    this.write('warn', message, context);
  }

  error(message: string, context: Record<string, unknown>): void {
    this.write('error', message, context);
  }

  private write(level: Level, message: string, context: Record<string, unknown>): void {
    if (!this.take()) {
      this.unlogged++;
      this.logger.debug(message, context);
      return;
    }
    const { unlogged } = this;
    this.unlogged = 0;
    this.logger[level](message, unlogged > 0 ? { ...context, unlogged } : context);
  }

  private take(): boolean {
    const now = this.now();
    const earned = ((now - this.countedAt) * LINES_PER_SECOND) / 1000;
    this.countedAt = now;
    this.allowance = Math.min(LINES_AT_ONCE, this.allowance + earned);
    if (this.allowance < 1) return false;
    this.allowance--;
    return true;
  }
}
