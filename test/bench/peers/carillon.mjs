import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from '../../../scripts/setup/root.mjs';
import { writePasswordFile } from '../credentials.mjs';
import { freePort, ServerProcess } from '../server-process.mjs';

const ENGINE_SERVER = fileURLToPath(new URL('../servers/engine-server.mjs', import.meta.url));

/** The MQTT engine alone on TCP: what aedes is. */
export const engine = {
  name: 'engine',
  async start(directory, { authenticated }) {
    const port = await freePort();
    const passwords = authenticated ? [writePasswordFile(directory)] : [];
    return ServerProcess.start([process.execPath, ENGINE_SERVER, `${port}`, ...passwords], {
      directory,
      port,
    });
  },
};

/** The whole gateway in one process, with its own Redis: both are metered. */
export const gateway = {
  name: 'gateway',
  async start(directory, { authenticated }) {
    const port = await freePort();
    const program = [process.execPath, join(root, 'dist', 'apps', 'all-in-one', 'src', 'main.js')];
    return ServerProcess.start(program, {
      directory,
      port,
      env: {
        PATH: process.env.PATH,
        HOME: process.env.HOME,
        NODE_ENV: 'production',
        CARILLON_DATA_DIR: join(directory, 'data'),
        CARILLON_MQTT_PORT: `${port}`,
        ...otherPorts(),
        ...access(directory, authenticated),
      },
    });
  },
};

/** Free ones, of the system's choice. */
const otherPorts = () =>
  Object.fromEntries(['HTTP', 'MQTTS', 'XMPP', 'XMPPS'].map((name) => [`CARILLON_${name}_PORT`, '0']));

/** An open broker; or users with a password, who may use all topics. */
function access(directory, authenticated) {
  if (!authenticated) return { CARILLON_MQTT_ANONYMOUS: 'true' };
  const acl = join(directory, 'acl');
  writeFileSync(acl, 'pattern readwrite #\n');
  return { CARILLON_MQTT_USERS_FILE: writePasswordFile(directory), CARILLON_MQTT_ACL_FILE: acl };
}
