/** node engine-server.mjs PORT [PASSWORD_FILE]: the MQTT engine alone on TCP, without the gateway around it. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { MqttBroker } from '../../../dist/libs/mqtt-broker/src/index.js';
import { passwordCheck } from '../credentials.mjs';

const [port, passwordFile] = process.argv.slice(2);
const everybody = { ok: true, principal: undefined };
const nobody = { ok: false, reason: 'bad-credentials' };
const check = passwordFile && passwordCheck(readFileSync(passwordFile, 'utf8'));
const authenticate = check
  ? async ({ username, password }) => ((await check(username, password)) ? everybody : nobody)
  : () => everybody;

const broker = new MqttBroker({ hooks: { authenticate } });
await broker.start();
createServer({ noDelay: true }, (socket) =>
  broker.attach(socket, { address: socket.remoteAddress ?? '', secure: false, transport: 'tcp' }),
).listen({ port: Number(port), host: '127.0.0.1', backlog: 4096 });
