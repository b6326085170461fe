import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import type { AppName } from './gateway.js';

export interface FailedStart {
  readonly code: number | null;
  /** What a person sees. */
  readonly stderr: string;
  readonly tookMs: number;
}

/** Runs a process that is expected not to start; one that does all the same is ended, with code null. */
export async function failedStart(
  app: AppName,
  env: Record<string, string>,
  limitMs = 40_000,
): Promise<FailedStart> {
  const begun = Date.now();
  const child = spawn(process.execPath, [`dist/apps/${app}/src/main.js`], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), limitMs);
  const [stderr, [code]] = await Promise.all([
    text(child.stderr),
    once(child, 'exit') as Promise<[number | null]>,
  ]);
  clearTimeout(timer);
  return { code, stderr, tookMs: Date.now() - begun };
}
