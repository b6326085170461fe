import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { closeSync, openSync } from 'node:fs';
import { isatty } from 'node:tty';
import { ProcessContext } from '@carillon/process';
import { supervise } from '@carillon/observability';
import { MqttAccessFiles } from './mqtt-access-files.js';

/** On SIGHUP, files are read again; connections stay. What cannot be used is logged, and what was in force stays so. */
@Injectable()
export class Reload implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly interactive = isatty(0);

  constructor(
    private readonly context: ProcessContext,
    private readonly accessFiles: MqttAccessFiles,
  ) {}

  onApplicationBootstrap(): void {
    process.on('SIGHUP', this.onHangUp);
  }

  onApplicationShutdown(): void {
    process.off('SIGHUP', this.onHangUp);
  }

  private readonly onHangUp = (): void => {
    if (this.interactive && terminalIsGone()) process.kill(process.pid, 'SIGTERM');
    else supervise('reload', this.reload(), this.context.logger);
  };

  private async reload(): Promise<void> {
    await this.attempt('MQTT access files', () => this.accessFiles.reload());
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
