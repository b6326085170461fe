import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

/** `with-redis.mjs REDIS_PORT PROGRAM`: a Redis as the gateway runs its own, as a child, and the program in this process. */
const [, , redisPort, main] = process.argv;
const redis = spawn('redis-server', ['--port', redisPort, '--save', '', '--appendonly', 'yes'], {
  stdio: 'ignore',
});
process.on('exit', () => redis.kill());

for (;;) {
  const socket = connect(Number(redisPort), '127.0.0.1');
  const [answers] = await Promise.race([
    once(socket, 'connect').then(() => [true]),
    once(socket, 'error').then(() => [false]),
  ]).catch(() => [false]);
  socket.destroy();
  if (answers) break;
  await sleep(20);
}
await import(pathToFileURL(main).href);
