import { randomBytes } from 'node:crypto';
import { readlinkSync, realpathSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from './command.js';

/** Where a private Redis answers. */
export interface RedisAccess {
  readonly port: number;
  readonly password: string;
}

/** The directory of the private Redis: its configuration, process id, log and append-only file. */
export class RedisHome {
  readonly configPath: string;
  readonly logPath: string;
  readonly #pidPath: string;

  constructor(readonly path: string) {
    this.configPath = join(path, 'redis.conf');
    this.logPath = join(path, 'redis.log');
    this.#pidPath = join(path, 'redis.pid');
  }

  /** Settles a new access, on this port and with a new password, in the configuration file (mode 600). */
  async configure(port: number): Promise<RedisAccess> {
    const access = { port, password: randomBytes(24).toString('base64url') };
    await mkdir(this.path, { recursive: true, mode: 0o700 });
    await rm(this.configPath, { force: true });
    await writeFile(this.configPath, this.#configuration(access), { mode: 0o600 });
    return access;
  }

  /** What the last `configure` settled. */
  async access(): Promise<RedisAccess | undefined> {
    const text = await readFile(this.configPath, 'utf8').catch(() => '');
    const port = /^port (\d+)$/m.exec(text)?.[1];
    const password = /^requirepass (\S+)$/m.exec(text)?.[1];
    return port && password ? { port: Number(port), password } : undefined;
  }

  /** The living process that serves this directory. */
  async process(): Promise<number | undefined> {
    const pid = Number(await readFile(this.#pidPath, 'utf8').catch(() => '0'));
    return pid > 1 && (await this.isServedBy(pid)) ? pid : undefined;
  }

  /** Whether it lives and is this directory's Redis: a number alone proves nothing, for it may be another's by now. */
  async isServedBy(pid: number): Promise<boolean> {
    if (process.platform === 'linux') return workingDirectory(pid) === realpathSync(this.path);
    const { output } = await runCommand('ps', ['-p', String(pid), '-o', 'command=']);
    const access = await this.access();
    return output.includes(this.configPath) || output.includes(`127.0.0.1:${access?.port}`);
  }

  async lastLogLine(): Promise<string> {
    const text = await readFile(this.logPath, 'utf8').catch(() => '');
    return text.trim().split('\n').at(-1) ?? '';
  }

  #configuration({ port, password }: RedisAccess): string {
    const settings = {
      bind: '127.0.0.1',
      port,
      requirepass: password,
      dir: quoted(this.path),
      pidfile: quoted(this.#pidPath),
      logfile: quoted(this.logPath),
      daemonize: 'no',
      'tcp-backlog': 128,
      appendonly: 'yes',
      appendfsync: 'everysec',
      save: '""',
      'maxmemory-policy': 'noeviction',
    };
    return Object.entries(settings)
      .map(([name, value]) => `${name} ${value}\n`)
      .join('');
  }
}

/** Redis makes `dir` its working directory. Undefined for a process that is gone, a zombie or another user's. */
function workingDirectory(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined;
  }
}

function quoted(path: string): string {
  return `"${path.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}
