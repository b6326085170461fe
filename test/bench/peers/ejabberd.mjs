import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { SetupError } from '../../../scripts/setup/setup-error.mjs';
import { forEachAccount, passwordOf, usernameOf } from '../accounts.mjs';
import { freePort, ServerProcess } from '../server-process.mjs';
import { findExecutable } from './executable.mjs';

/**
 * Debian's ejabberd with what clients need and no more: plain passwords in its own database (the cheapest it can check), no traffic shapers,
 * no optional modules.
 */
export const ejabberd = {
  name: 'ejabberd',
  async start(directory) {
    const home = join(dirname(directory), 'ejabberd-home');
    const fresh = !existsSync(home);
    mkdirSync(home, { recursive: true });
    const [port, apiPort] = [await freePort(), await freePort()];
    const configuration = join(home, 'ejabberd.yml');
    writeFileSync(configuration, configurationOf(port, apiPort));
    const server = await ServerProcess.start(command(join(home, 'database')), {
      directory,
      port,
      env: {
        PATH: process.env.PATH,
        HOME: home,
        EJABBERD_CONFIG_PATH: configuration,
        EJABBERD_LOG_PATH: join(home, 'log'),
        ERL_CRASH_DUMP_BYTES: '0',
        ERL_LIBS: erlangLibraries(),
      },
    });
    if (fresh) await forEachAccount((i) => register(apiPort, i));
    return server;
  },
};

/** As ejabberdctl starts it, but without busy waiting, which would count as its work. */
const FLAGS = '-noinput +K true +P 300000 +Q 65536 +sbwt none +sbwtdcpu none +sbwtdio none -s ejabberd'.split(
  ' ',
);

const command = (database) => [
  findExecutable('erl', 'ejabberd'),
  '-mnesia',
  'dir',
  JSON.stringify(database),
  ...FLAGS,
];

const configurationOf = (port, apiPort) => `hosts: [localhost]
loglevel: error
auth_method: internal
auth_password_format: plain
listen:
  - {port: ${port}, ip: 127.0.0.1, module: ejabberd_c2s, backlog: 1000, starttls: false, max_stanza_size: 262144}
  - {port: ${apiPort}, ip: 127.0.0.1, module: ejabberd_http, backlog: 1000, request_handlers: {/api: mod_http_api}}
acl:
  here: {ip: [127.0.0.0/8]}
api_permissions:
  accounts: {who: {acl: here}, what: [register]}
modules:
  mod_admin_extra: {}
  mod_http_api: {}
  mod_offline: {}
  mod_ping: {}
  mod_roster: {}
  mod_stream_mgmt: {}
`;

/** Debian has them beside the system's other libraries of the architecture. */
function erlangLibraries() {
  const found = readdirSync('/usr/lib')
    .map((name) => join('/usr/lib', name))
    .find(
      (path) => path.endsWith('-linux-gnu') && readdirSync(path).some((name) => name.startsWith('ejabberd-')),
    );
  if (!found) throw new SetupError('ejabberd is not installed (Debian: apt-get install ejabberd)');
  return found;
}

async function register(port, i) {
  const answer = await fetch(`http://127.0.0.1:${port}/api/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user: usernameOf(i), host: 'localhost', password: passwordOf(i) }),
  });
  if (!answer.ok) throw new Error(`ejabberd registered no ${usernameOf(i)}: ${answer.status}`);
  await answer.text();
}
