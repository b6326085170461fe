import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { closeSync, openSync } from 'node:fs';
import { isatty } from 'node:tty';
import { supervise } from '@carillon/observability';
import { ProcessContext } from '../process-context.js';

/** On SIGHUP, files are read again; connections stay. What cannot be used is logged, and what was in force stays so. */
@Injectable()
export class Reload implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly interactive = isatty(0);
  private readonly works = new Map<string, () => Promise<void>>();
  private running: Promise<void> = Promise.resolve();

  constructor(private readonly context: ProcessContext) {}

  /** `work` reads anew, or throws and changes nothing. */
  add(what: string, work: () => Promise<void>): void {
    this.works.set(what, work);
  }

  onApplicationBootstrap(): void {
    process.on('SIGHUP', this.onHangUp);
  }

  onApplicationShutdown(): void {
    process.off('SIGHUP', this.onHangUp);
  }

  private readonly onHangUp = (): void => {
    if (this.interactive && terminalIsGone()) {
      process.kill(process.pid, 'SIGTERM');
      return;
    }
    // One after the other: what was read last is what holds.
    this.running = this.running.then(() => this.reload());
    supervise('reload', this.running, this.context.logger);
  };

  private async reload(): Promise<void> {
    for (const [what, work] of this.works) await this.attempt(what, work);
  }

  private async attempt(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this.context.logger.info({ what }, 'read again');
    } catch (error) {
      this.context.logger.error(
        { what, error: (error as Error).message },
        'not read again: the old stays in force',
      );
    }
  }
}

/** A closed terminal window hangs its processes up too: that is an end, not a request to reload. */
function terminalIsGone(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return false;
  } catch {
    return true;
  }
}
