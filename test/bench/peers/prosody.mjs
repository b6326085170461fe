import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { forEachAccount, passwordOf, usernameOf } from '../accounts.mjs';
import { freePort, ServerProcess } from '../server-process.mjs';
import { findExecutable } from './executable.mjs';

/** Debian's prosody with what clients need and no more; passwords are kept as they are, which is the cheapest it can check. */
export const prosody = {
  name: 'prosody',
  async start(directory) {
    const data = join(dirname(directory), 'prosody-data');
    if (!existsSync(data)) await writeAccounts(join(data, 'localhost', 'accounts'));
    const port = await freePort();
    const configuration = join(directory, 'prosody.cfg.lua');
    writeFileSync(configuration, configurationOf(port, data, directory));
    return ServerProcess.start([findExecutable('prosody'), '--config', configuration, '-F'], {
      directory,
      port,
    });
  },
};

function writeAccounts(directory) {
  mkdirSync(directory, { recursive: true });
  return forEachAccount((i) =>
    writeFileSync(
      join(directory, `${usernameOf(i)}.dat`),
      `return { ["password"] = "${passwordOf(i)}"; };\n`,
    ),
  );
}

const configurationOf = (port, data, directory) => `${process.getuid() === 0 ? 'run_as_root = true' : ''}
daemonize = false
data_path = "${data}"
pidfile = "${join(directory, 'pid')}"
log = { error = "*stderr" }
interfaces = { "127.0.0.1" }
c2s_ports = { ${port} }
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
authentication = "internal_plain"
modules_enabled = { "roster", "saslauth", "disco", "ping", "offline", "smacks", "posix" }
modules_disabled = { "s2s", "tls" }
network_settings = { tcp_backlog = 1000 }
VirtualHost "localhost"
`;
