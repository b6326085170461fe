/**
 * node xmpp-engine-server.mjs PORT CONTROL_PORT: the XMPP engine alone on TCP, without the gateway around it. `POST /pushes/N` on the control
 * port writes N pushes to all sessions, each when the one before was acknowledged by all of them.
 */
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { fullJid, preparePush, XmppServer } from '../../../dist/libs/xmpp-server/src/index.js';
import { passwordOf } from '../accounts.mjs';

const [port, controlPort] = process.argv.slice(2).map(Number);
const DOMAIN = 'localhost';

/** Full JID by session. */
const available = new Map();
let outstanding = 0;
let onAllAcknowledged;

const server = new XmppServer({
  domain: DOMAIN,
  tls: 'off',
  hooks: {
    authenticate: async ({ username, password }) =>
      password === passwordOf(Number(username.slice(1)))
        ? { ok: true, principal: undefined }
        : { ok: false, reason: 'not-authorized' },
    onMessage: () => 'route',
    onAvailable: (session) => available.set(session, fullJid(session.jid)),
    onUnavailable: (session) => available.delete(session),
    onClosed: (session) => available.delete(session),
    onDeliveryAcknowledged: () => {
      if (--outstanding === 0) onAllAcknowledged?.();
    },
  },
});
server.start();

async function push(count) {
  for (let n = 0; n < count; n++) {
    const acknowledged = new Promise((resolve) => (onAllAcknowledged = resolve));
    pushToAll(n);
    await acknowledged;
  }
}

function pushToAll(n) {
  const id = `push-${n}`;
  const sentAtNs = Number(process.hrtime.bigint());
  const envelope = JSON.stringify({
    id,
    kind: 'notification',
    title: 'Tea',
    body: 'is ready',
    data: { pushNumber: n, sentAtNs },
  });
  const stanzaFor = preparePush({ from: `app@${DOMAIN}`, title: 'Tea', body: 'is ready' });
  outstanding = available.size;
  for (const [session, to] of available) {
    const stanza = stanzaFor({ to, id, envelope });
    const outcome = session.deliver({ id, stanza, cookie: n });
    if (outcome !== 'written') throw new Error(`a push was not written: ${outcome}`);
  }
}

createServer({ noDelay: true }, (socket) =>
  server.attach(socket, { address: socket.remoteAddress ?? '', secure: false, transport: 'tcp' }),
).listen({ port, host: '127.0.0.1', backlog: 4096 });

createHttpServer((request, response) => {
  const count = Number(/^\/pushes\/(\d+)$/.exec(request.url)?.[1]);
  void push(count).then(() => response.end());
}).listen(controlPort, '127.0.0.1');
