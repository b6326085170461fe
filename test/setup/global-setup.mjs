import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** One private Redis for the whole run; every suite takes a key prefix of its own. */
export default async function globalSetup() {
  if (process.env.CARILLON_TEST_REDIS_URL) return;
  const port = await freePort();
  const dir = mkdtempSync(join(tmpdir(), 'carillon-test-redis-'));
  const child = spawn(
    'redis-server',
    ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', '', '--appendonly', 'no'],
    { stdio: 'ignore' },
  );
  child.on('error', (error) => {
    throw new Error(`redis-server could not be started: ${error.message}; npm test installs it`);
  });
  await accepting(port);
  process.env.CARILLON_TEST_REDIS_URL = `redis://127.0.0.1:${port}`;
  globalThis.__carillonTestRedis = {
    stop: () =>
      new Promise((resolve) => {
        child.once('exit', () => {
          rmSync(dir, { recursive: true, force: true });
          resolve();
        });
        child.kill('SIGKILL');
      }),
  };
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

async function accepting(port) {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (await answers(port)) return;
    await sleep(25);
  }
  throw new Error(`the test Redis did not accept connections on port ${port} within 5 s`);
}

function answers(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true) || socket.destroy());
    socket.once('error', () => resolve(false));
  });
}
