import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { root } from '../../../scripts/setup/root.mjs';
import { freePort, ServerProcess } from '../server-process.mjs';

const WITH_REDIS = fileURLToPath(new URL('../servers/with-redis.mjs', import.meta.url));
const BARE_SERVER = fileURLToPath(new URL('../servers/bare-rest-server.mjs', import.meta.url));
const ADMIN_KEY = 'the-admin-key-of-a-benchmark-and-of-nothing-else';
const AUTHORIZED = ['--header', `Authorization: Bearer ${ADMIN_KEY}`];
const JSON_BODY = ['--header', 'Content-Type: application/json'];
const DEVICES = 10_000;
const AT_ONCE = 8;

const program = (app) => join(root, 'dist', 'apps', app, 'src', 'main.js');

/** Fastify, a schema, one XADD; with a Redis of its own. */
export const bare = {
  name: 'bare',
  start: (directory) => startWithRedis(directory, BARE_SERVER, JSON_BODY),
};

/** The API process alone: what it accepts stays in the intake stream. */
export const api = {
  name: 'api',
  start: (directory) => startWithRedis(directory, program('api'), [...JSON_BODY, ...AUTHORIZED]),
};

/** The whole gateway in one process, with its own Redis. */
export const system = {
  name: 'system',
  async start(directory) {
    const [port, httpPort] = [await freePort(), await freePort()];
    const env = { ...environment(directory, httpPort), CARILLON_MQTT_PORT: `${port}` };
    const server = await ServerProcess.start([process.execPath, program('all-in-one')], {
      directory,
      port,
      env,
    });
    await untilReady(httpPort);
    server.args = ['--rows', await registerDevices(directory, httpPort), '--password', '{row:0}'];
    server.push = (args, generator) => pushByRest(generator, httpPort, args);
    return server;
  },
};

async function startWithRedis(directory, main, args) {
  const [port, redisPort] = [await freePort(), await freePort()];
  const env = { ...environment(directory, port), REDIS_URL: `redis://127.0.0.1:${redisPort}` };
  const server = await ServerProcess.start([process.execPath, WITH_REDIS, `${redisPort}`, main], {
    directory,
    port,
    env,
  });
  server.args = args;
  return server;
}

const environment = (directory, httpPort) => ({
  PATH: process.env.PATH,
  HOME: process.env.HOME,
  NODE_ENV: 'production',
  CARILLON_DATA_DIR: join(directory, 'data'),
  CARILLON_HTTP_PORT: `${httpPort}`,
  CARILLON_ADMIN_KEY: ADMIN_KEY,
  // Nobody takes out what the API process alone accepts.
  CARILLON_MAX_BACKLOG: '1000000000',
  ...Object.fromEntries(['MQTT', 'MQTTS', 'XMPP', 'XMPPS'].map((name) => [`CARILLON_${name}_PORT`, '0'])),
});

/** The HTTP port is the last that is opened. */
async function untilReady(httpPort) {
  const ready = () =>
    fetch(`http://127.0.0.1:${httpPort}/health/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  while (!(await ready())) await sleep(50);
}

/** Answers the path of a table with their tokens, in order. */
async function registerDevices(directory, httpPort) {
  const tokens = [];
  for (let i = 0; i < DEVICES; i += AT_ONCE) {
    const ids = Array.from({ length: Math.min(AT_ONCE, DEVICES - i) }, (_each, n) => i + n);
    await Promise.all(ids.map(async (id) => (tokens[id] = await register(httpPort, `d${id}`))));
  }
  const path = join(directory, 'devices.tsv');
  writeFileSync(path, `${tokens.join('\n')}\n`);
  return path;
}

async function register(httpPort, id) {
  const headers = { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' };
  const request = { method: 'PUT', headers, body: '{}' };
  const answer = await fetch(`http://127.0.0.1:${httpPort}/v1/devices/${id}`, request);
  if (!answer.ok) throw new Error(`registering ${id} answered ${answer.status}`);
  return (await answer.json()).token;
}

/** The load generator again, as the backend. */
async function pushByRest(generator, httpPort, args) {
  const body = '{"audience":{"device":"d{rand:10000}"},"title":"Tea","data":{"n":{seq},"sentAtNs":{due_ns}}}';
  const fixed = [
    'http-send',
    '--port',
    `${httpPort}`,
    '--path',
    '/v1/notifications',
    '--body',
    body,
    '--quiet',
  ];
  const child = spawn(generator, [...fixed, ...AUTHORIZED, ...JSON_BODY, ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`the requests failed (exit ${code})`);
}
