import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** The shell holds our pipe as stdin: when this process dies, however it dies, the pipe closes and Redis is ended. */
const WATCHED = '"$@" & child=$!; cat >/dev/null; kill "$child" 2>/dev/null; wait "$child"';

/**
 * Starts an empty Redis without persistence on a free loopback port, refusing to evict as Carillon demands.
 * @returns {Promise<{ url: string, port: number, stop: () => Promise<void> }>}
 */
export async function startTestRedis({ server = process.env.TEST_REDIS_SERVER ?? 'redis-server' } = {}) {
  const directory = await mkdtemp(join(tmpdir(), 'carillon-test-redis-'));
  const port = await freePort();
  const settings = {
    bind: '127.0.0.1',
    port: String(port),
    dir: directory,
    save: '',
    appendonly: 'no',
    'maxmemory-policy': 'noeviction',
    loglevel: 'warning',
  };
  const options = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  const shell = spawn('sh', ['-c', WATCHED, 'sh', server, ...options], {
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  shell.stdin.on('error', () => {});
  await answering(port, shell, server);
  const stop = async () => {
    shell.stdin.end();
    if (shell.exitCode === null) await once(shell, 'exit');
    await rm(directory, { recursive: true, force: true });
  };
  return { url: `redis://127.0.0.1:${port}`, port, stop };
}

async function answering(port, shell, server) {
  const deadline = Date.now() + 10_000;
  while (!(await answersPing(port))) {
    if (Date.now() > deadline || shell.exitCode !== null) {
      shell.stdin.end();
      throw new Error(
        `the tests' Redis did not start (${server}): run "npm test", which installs what is missing`,
      );
    }
    await delay(25);
  }
}

function answersPing(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    socket.setTimeout(1_000, () => socket.destroy());
    socket.on('data', (data) => {
      resolve(data.toString().startsWith('+PONG'));
      socket.destroy();
    });
    socket.on('error', () => resolve(false));
    socket.on('close', () => resolve(false));
  });
}

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}
