/** Hashes are computed on the few threads that files, names and devices with chosen passwords wait for too. */
const AT_ONCE = 1;
const MAX_WAITING = 256;

/** Checks of passwords, one at a time; the others wait in line, and a flood of them finds an end. */
export class PasswordChecks {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  /** `busy`: the line is too long. */
  async run<T>(check: () => Promise<T>): Promise<T | 'busy'> {
    if (this.waiting.length >= MAX_WAITING) return 'busy';
    if (this.running < AT_ONCE) this.running++;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    try {
      return await check();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.running--;
    }
  }
}
