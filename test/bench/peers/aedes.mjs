import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writePasswordFile } from '../credentials.mjs';
import { freePort, ServerProcess } from '../server-process.mjs';

const SOURCES = ['servers/aedes-server.mjs', 'credentials.mjs'];

/** The latest aedes of the registry, with its in-memory persistence. */
export const aedes = {
  name: 'aedes',
  async start(directory, { authenticated }) {
    const home = install(join(dirname(directory), 'aedes'));
    const port = await freePort();
    const passwords = authenticated ? [writePasswordFile(directory)] : [];
    const program = [process.execPath, join(home, 'servers', 'aedes-server.mjs'), `${port}`, ...passwords];
    return ServerProcess.start(program, { directory, port });
  },
};

let installed;

/** Outside of the project: it is no dependency of it. */
function install(home) {
  if (installed === home) return home;
  mkdirSync(join(home, 'servers'), { recursive: true });
  writeFileSync(join(home, 'package.json'), '{ "private": true, "type": "module" }\n');
  execFileSync('npm', ['install', '--silent', '--no-audit', '--no-fund', 'aedes@latest'], {
    cwd: home,
    stdio: 'inherit',
  });
  for (const source of SOURCES)
    copyFileSync(fileURLToPath(new URL(`../${source}`, import.meta.url)), join(home, source));
  installed = home;
  return home;
}
