import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { root } from '../../scripts/setup/root.mjs';
import { SetupError } from '../../scripts/setup/setup-error.mjs';

const SOURCES = ['pushload.c', 'Makefile'];

/** Compiles the load generator into a directory; answers the program's path. */
export function buildLoadGenerator(directory) {
  const source = resolve(process.env.PUSHLOAD_DIR ?? join(root, '..', 'shared', 'bench'));
  for (const file of SOURCES) {
    if (!existsSync(join(source, file))) {
      throw new SetupError(
        `The load generator is not there: no ${file} in ${source}.\nPUSHLOAD_DIR names the directory of its source.`,
      );
    }
    copyFileSync(join(source, file), join(directory, file));
  }
  try {
    execFileSync('make', ['-s'], { cwd: directory, stdio: ['ignore', 'inherit', 'inherit'] });
  } catch (error) {
    throw new SetupError(
      `The load generator does not compile (make and a C compiler are needed): ${error.message}`,
    );
  }
  return join(directory, 'pushload');
}

/**
 * One run against a server: its figures, and `exit` 0 if every message arrived as it should.
 * @param whenReady called once all clients are connected, where what they wait for comes from elsewhere
 */
export async function generateLoad(program, command, server, args, whenReady) {
  const fixed = [command, '--port', `${server.port}`, '--json', '--quiet', '--pid', server.pids().join(',')];
  const ready = join(dirname(program), `ready-${server.port}`);
  rmSync(ready, { force: true });
  const waiting = whenReady ? ['--ready-file', ready] : [];
  const child = spawn(program, [...fixed, ...args, ...waiting], { stdio: ['ignore', 'pipe', 'pipe'] });
  // From here on: it may end while what it waits for is still being done.
  const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  if (whenReady) {
    if (await untilReady(child, ready)) await whenReady();
    else
      throw new Error(`${command} ended before its clients were connected: ${(await ended)[1].slice(-500)}`);
  }
  const [output, complaints, [code]] = await ended;
  const lastLine = output.trim().split('\n').at(-1);
  if (!lastLine) throw new Error(`${command} gave no figures (exit ${code}): ${complaints.slice(-500)}`);
  return { ...JSON.parse(lastLine), exit: code };
}

/** Whether it came to that before it ended. */
async function untilReady(child, path) {
  while (!existsSync(path)) {
    if (child.exitCode !== null) return false;
    await sleep(50);
  }
  return true;
}
