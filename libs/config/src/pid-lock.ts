import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';

/**
 * A file that names the process which holds it. On Linux it also names when that process started, so that a process which got the number
 * of a dead holder is not taken for it.
 */
export class PidLock {
  readonly #own = `${process.pid} ${startTime(process.pid)}\n`;

  constructor(readonly path: string) {}

  /** Takes the lock, from a dead holder too; or says which living process holds it. */
  async take(): Promise<number | undefined> {
    for (;;) {
      if (await this.#claim()) return undefined;
      const held = await this.#read();
      const holder = livingHolder(held);
      if (held === this.#own) return undefined;
      if (holder !== undefined) return holder;
      await this.#clear(held);
    }
  }

  async release(): Promise<void> {
    if ((await this.#read()) === this.#own) await rm(this.path, { force: true });
  }

  async #claim(): Promise<boolean> {
    const draft = `${this.path}.${randomUUID()}`;
    await writeFile(draft, this.#own, { mode: 0o600 });
    try {
      await link(draft, this.path);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    } finally {
      await rm(draft);
    }
  }

  /** Removes the stale lock, unless another process has just done so and put its own in the place. */
  async #clear(stale: string): Promise<void> {
    const aside = `${this.path}.${randomUUID()}`;
    try {
      await rename(this.path, aside);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw error;
    }
    const moved = await readFile(aside, 'utf8');
    if (moved !== stale) await link(aside, this.path).catch(() => {});
    await rm(aside);
  }

  async #read(): Promise<string> {
    return readFile(this.path, 'utf8').catch(() => '');
  }
}

function livingHolder(text: string): number | undefined {
  const [pid = 0, started] = text.split(/\s/, 2).map(Number);
  if (!Number.isInteger(pid) || pid < 1 || !isAlive(pid)) return undefined;
  return startTime(pid) === started ? pid : undefined;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * In clock ticks since boot, field 22 of proc_pid_stat(5); 0 where there is no /proc. A zombie (field 3) has none, for it holds nothing
 * any more. The second field may hold blanks.
 */
function startTime(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? NaN : Number(fields[19]);
  } catch {
    return 0;
  }
}
