import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** The shell holds our pipe as stdin: when this process dies, however it dies, the pipe closes and the command is ended. */
const WATCHED = '"$@" & child=$!; cat >/dev/null; kill "$child" 2>/dev/null; wait "$child"';

/** A server of another make that a test needs: it never outlives the test run. */
export class WatchedProcess {
  private readonly shell: ChildProcess;

  constructor(command: readonly string[], cwd?: string) {
    this.shell = spawn('sh', ['-c', WATCHED, 'sh', ...command], {
      cwd,
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    this.shell.stdin!.on('error', () => undefined);
  }

  /** Ends it (SIGTERM) and waits. */
  async end(): Promise<void> {
    this.shell.stdin!.end();
    if (this.shell.exitCode === null) await once(this.shell, 'exit');
  }
}
