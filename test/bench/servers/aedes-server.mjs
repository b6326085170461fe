/** node aedes-server.mjs PORT [PASSWORD_FILE], where `npm install aedes` was done. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { Aedes } from 'aedes';
import { passwordCheck } from '../credentials.mjs';

const [port, passwordFile] = process.argv.slice(2);
const broker = await Aedes.createBroker({ concurrency: 1000, queueLimit: 1000 });
if (passwordFile) {
  const check = passwordCheck(readFileSync(passwordFile, 'utf8'));
  broker.authenticate = (_client, username, password, done) =>
    void check(username, password).then((right) => done(null, right), done);
}
createServer({ noDelay: true }, broker.handle).listen({
  port: Number(port),
  host: '127.0.0.1',
  backlog: 4096,
});
