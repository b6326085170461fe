import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { root } from './root.mjs';
import { SetupError } from './setup-error.mjs';

/** Runs a program in the repository to its end, showing its output only if it fails. */
export async function quietly(what, program, args) {
  const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => (output += text));
  const [code] = await once(child, 'close').catch((error) => [error.message]);
  if (code !== 0)
    throw new SetupError(`${output.trimEnd()}\n${what} failed (${code}): correct the above and try again`);
}
