import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { certificatesIn } from './certificates.js';
import type { Certificates } from './certificates.js';
import { PidLock } from './pid-lock.js';
import { StartupError } from './startup-error.js';

export interface AdminKey {
  readonly key: string;
  /** Whether this call made it. */
  readonly created: boolean;
  /** The file that holds it. */
  readonly path: string;
}

/** What an installation keeps on disk: the first admin key, certificates, the private Redis. */
export class DataDirectory {
  readonly #lock: PidLock;

  /** `path` is absolute. */
  constructor(readonly path: string) {
    this.#lock = new PidLock(join(path, 'lock'));
  }

  /**
   * Makes the directory (mode 700) if need be and proves that it can be written. With `exclusive`, takes the directory for this process
   * until `release()` or its end; processes that run apart and share certificates do without. Throws a StartupError.
   */
  async prepare({ exclusive = true }: { exclusive?: boolean } = {}): Promise<void> {
    await this.#orRefuse(async () => {
      await makeDirectory(this.path);
      const probe = join(this.path, `probe-${randomUUID()}`);
      await writeFile(probe, '');
      await rm(probe);
      const holder = exclusive ? await this.#lock.take() : undefined;
      if (holder === undefined) return;
      throw new StartupError(
        `the data directory ${this.path} is in use by process ${holder}`,
        'stop that process or set CARILLON_DATA_DIR to another directory',
      );
    });
  }

  /** Gives up the lock. Without it the next process finds a stale one, which does no harm. */
  release(): Promise<void> {
    return this.#lock.release();
  }

  /** The self-signed certificate for the domain, made by whichever process asks first. */
  certificates(domain: string): Promise<Certificates> {
    return this.#orRefuse(() => certificatesIn(join(this.path, 'certificates'), domain));
  }

  /** The first admin key, in the file `admin-key`; when several processes ask at once, one key comes to be. */
  adminKey(generate: () => string): Promise<AdminKey> {
    const path = join(this.path, 'admin-key');
    return this.#orRefuse(async () => {
      const created = !existsSync(path) && (await writeOnce(path, `${generate()}\n`));
      const key = (await readFile(path, 'utf8')).trim();
      if (key !== '') return { key, created, path };
      throw new StartupError(
        `${path} is empty`,
        'put the admin key there, or remove the file to have a new key made',
      );
    });
  }

  async #orRefuse<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof StartupError) throw error;
      const { code, message, path = this.path } = error as NodeJS.ErrnoException;
      throw new StartupError(
        `the data directory ${this.path} cannot be used (${code ?? message} at ${path})`,
        'make it a directory that this user can write, or set CARILLON_DATA_DIR to another',
        { cause: error },
      );
    }
  }
}

/** Not by mkdir's own `recursive`, which never ends where the system refuses with ENOENT although the parent is there, as below /proc. */
async function makeDirectory(path: string): Promise<void> {
  if (existsSync(path)) return;
  if (!existsSync(dirname(path))) await makeDirectory(dirname(path));
  await mkdir(path, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
}

/** Writes a file of mode 600 whole or not at all; false if there is one already. */
async function writeOnce(path: string, text: string): Promise<boolean> {
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, text, { mode: 0o600, flush: true });
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft);
  }
}
