import { execFile } from 'node:child_process';

export interface CommandResult {
  readonly ok: boolean;
  /** What it wrote on stdout and stderr. */
  readonly output: string;
}

/** Runs a program to its end, without a terminal to ask on. Never rejects: a program that is not there is not ok. */
export type RunCommand = (program: string, args: readonly string[]) => Promise<CommandResult>;

const LIMIT_MS = 5 * 60_000;

export const runCommand: RunCommand = (program, args) =>
  new Promise((resolve) => {
    const child = execFile(
      program,
      args,
      { timeout: LIMIT_MS, maxBuffer: 16 << 20 },
      (error, stdout, stderr) => resolve({ ok: error === null, output: `${stdout}${stderr}` }),
    );
    child.stdin?.end();
  });
