import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../dist/apps/all-in-one/src/main.js', import.meta.url));

/** A fresh installation in a directory of its own, on free ports, with its own Redis. */
export async function startAllInOne() {
  const dataDir = mkdtempSync(join(tmpdir(), 'carillon-demo-'));
  const ports = Object.fromEntries(
    ['HTTP', 'MQTT', 'MQTTS', 'XMPP', 'XMPPS'].map((name) => [`CARILLON_${name}_PORT`, '0']),
  );
  const child = spawn(process.execPath, [MAIN], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, CARILLON_DATA_DIR: dataDir, ...ports },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const complaints = [];
  createInterface(child.stderr).on('line', (line) => complaints.push(line));
  const { listeners } = await started(child, complaints);
  return {
    urls: Object.fromEntries(listeners.map(({ name, url }) => [name, url])),
    adminKey: readFileSync(join(dataDir, 'admin-key'), 'utf8').trim(),
    async stop() {
      child.kill('SIGTERM');
      if (child.exitCode === null) await once(child, 'exit');
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

function started(child, complaints) {
  return new Promise((resolve, reject) => {
    child.once('exit', () => reject(new Error(`the gateway did not start:\n${complaints.join('\n')}`)));
    createInterface(child.stdout).on('line', (line) => {
      if (line.includes('"msg":"started"')) resolve(JSON.parse(line));
    });
  });
}
