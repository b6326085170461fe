import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writePasswordFile } from '../credentials.mjs';
import { freePort, ServerProcess } from '../server-process.mjs';
import { findExecutable } from './executable.mjs';

/** Debian's mosquitto as it comes, with queues long enough that a flat-out run drops nothing. */
export const mosquitto = {
  name: 'mosquitto',
  start: (directory, options) => start(directory, options, []),
};

/** Its fast mode: a message may come more than once to overlapping subscriptions, so that it need not look for that. */
export const mosquittoDup = {
  name: 'mosquitto-dup',
  start: (directory, options) => start(directory, options, ['allow_duplicate_messages true']),
};

async function start(directory, { authenticated }, more) {
  const port = await freePort();
  const access = authenticated
    ? ['allow_anonymous false', `password_file ${writePasswordFile(directory)}`]
    : ['allow_anonymous true'];
  const lines = [
    `listener ${port} 127.0.0.1`,
    'persistence false',
    'max_queued_messages 100000',
    'max_inflight_messages 1000',
    'sys_interval 1',
    'connection_messages false',
    'log_type error',
    'log_dest stderr',
    // It becomes its own user otherwise, who may not read this directory.
    ...(process.getuid() === 0 ? ['user root'] : []),
    ...access,
    ...more,
  ];
  const configuration = join(directory, 'mosquitto.conf');
  writeFileSync(configuration, `${lines.join('\n')}\n`);
  return ServerProcess.start([findExecutable('mosquitto'), '-c', configuration], { directory, port });
}
