import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { root } from './root.mjs';
import { SetupError } from './setup-error.mjs';

/** Runs jest on a Redis of this machine; resolves with its exit code. */
export async function runJest(args) {
  const results = process.env.TEST_RESULTS;
  const child = spawn(process.execPath, ['node_modules/jest/bin/jest.js', ...reporting(results), ...args], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...(await redisForTests()), NODE_OPTIONS: nodeOptions() },
  });
  // Ctrl-C reaches jest by itself.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  const [code] = await once(child, 'exit');
  return code ?? 1;
}

/** A test that leaves something open makes jest wait: a developer shall see that, but nobody is there to see it in CI. */
function reporting(results) {
  return [
    ...(results ? ['--json', `--outputFile=${results}`] : []),
    ...(process.env.CI ? ['--forceExit'] : []),
  ];
}

/** Jest needs them for ES modules. */
function nodeOptions() {
  const own = '--experimental-vm-modules --disable-warning=ExperimentalWarning';
  return [process.env.NODE_OPTIONS, own].filter(Boolean).join(' ');
}

async function redisForTests() {
  if (process.env.TEST_REDIS_URL) return {};
  const { locateRedisServer } = await import('../../dist/libs/redis/src/private-server/redis-binary.js');
  try {
    return { TEST_REDIS_SERVER: (await locateRedisServer({ log: console.error })).path };
  } catch (error) {
    throw error.name === 'RedisUnavailableError' ? new SetupError(error.message) : error;
  }
}
