import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { root } from '../../../scripts/setup/root.mjs';
import { forEachAccount, usernameOf } from '../accounts.mjs';
import { freePort, ServerProcess } from '../server-process.mjs';

const ENGINE_SERVER = fileURLToPath(new URL('../servers/xmpp-engine-server.mjs', import.meta.url));
const ADMIN_KEY = 'the-admin-key-of-a-benchmark-and-of-nothing-else';
const PUSH_EVERY_MS = 200;

/** The XMPP engine alone on TCP, with accounts in memory. */
export const engine = {
  name: 'engine',
  async start(directory) {
    const [port, controlPort] = [await freePort(), await freePort()];
    const program = [process.execPath, ENGINE_SERVER, `${port}`, `${controlPort}`];
    const server = await ServerProcess.start(program, { directory, port });
    server.push = async (count) => {
      await fetch(`http://127.0.0.1:${controlPort}/pushes/${count}`, { method: 'POST' });
    };
    return server;
  },
};

/** The whole gateway in one process, with its own Redis: both are metered. The accounts are devices, each with a token of the gateway's making. */
export const gateway = {
  name: 'gateway',
  async start(directory) {
    const [port, httpPort] = [await freePort(), await freePort()];
    const program = [process.execPath, join(root, 'dist', 'apps', 'all-in-one', 'src', 'main.js')];
    const env = environment(directory, port, httpPort);
    const server = await ServerProcess.start(program, { directory, port, env });
    await untilReady(`http://127.0.0.1:${httpPort}/health/ready`);
    const api = (method, path, body) => call(`http://127.0.0.1:${httpPort}${path}`, method, body);
    server.args = ['--rows', await registerDevices(directory, api), '--password', '{row:0}'];
    server.push = (count) => push(count, api);
    return server;
  },
};

/** It listens on one port after the other. */
async function untilReady(url) {
  for (;;) {
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok) return;
    await sleep(50);
  }
}

const environment = (directory, port, httpPort) => ({
  PATH: process.env.PATH,
  HOME: process.env.HOME,
  NODE_ENV: 'production',
  CARILLON_DATA_DIR: join(directory, 'data'),
  CARILLON_XMPP_PORT: `${port}`,
  CARILLON_HTTP_PORT: `${httpPort}`,
  CARILLON_XMPP_TLS: 'off',
  CARILLON_ADMIN_KEY: ADMIN_KEY,
  ...Object.fromEntries(['MQTT', 'MQTTS', 'XMPPS'].map((name) => [`CARILLON_${name}_PORT`, '0'])),
});

/** Answers the path of a table with their tokens, in order. */
async function registerDevices(directory, api) {
  const tokens = [];
  await forEachAccount(async (i) => {
    tokens[i] = (await api('PUT', `/v1/devices/${usernameOf(i)}`, {})).token;
  });
  const path = join(directory, 'devices.tsv');
  writeFileSync(path, `${tokens.join('\n')}\n`);
  return path;
}

/** To all of the first thousand, a few a second: each is acknowledged long before the next. */
async function push(count, api) {
  const devices = Array.from({ length: 1000 }, (_each, i) => usernameOf(i));
  for (let n = 0; n < count; n++) {
    const sentAtNs = Number(process.hrtime.bigint());
    const content = { title: 'Tea', body: 'is ready', data: { pushNumber: n, sentAtNs } };
    await api('POST', '/v1/notifications', { audience: { device: devices }, ...content });
    await sleep(PUSH_EVERY_MS);
  }
}

async function call(url, method, content) {
  const headers = { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' };
  const request = { method, headers, body: JSON.stringify(content) };
  const answer = await fetch(url, request);
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}
