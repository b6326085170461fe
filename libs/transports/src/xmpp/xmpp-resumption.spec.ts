import type { DeviceAccounts, DeviceLogin, DeliveryStep } from '@carillon/domain';
import { ScriptedClient } from '@carillon/xmpp-server/testing';
import type { TransportContext } from '../transport-context.js';
import type { RedisAccounts } from './redis-accounts.js';
import type { RedisArchive } from './redis-archive.js';
import { XmppTransport } from './xmpp-transport.js';

const SM = "xmlns='urn:xmpp:sm:3'";
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const LOGIN = { id: 'phone', app: 'app', credentials: { tokenHash: 'hash' } } as DeviceLogin;
const CONTENT = {
  id: 'n1',
  app: 'app',
  expiresAt: Number.MAX_SAFE_INTEGER,
  contentJson: '{"id":"n1","kind":"notification","title":"Tea"}',
};

/** One push is in the inbox; what is recorded stays there until Redis has taken it, which it never does. */
function transportWith(flush: () => Promise<void>, recorded: DeliveryStep[]): XmppTransport {
  const context = {
    edgeId: 'e',
    authenticator: { verify: () => Promise.resolve(LOGIN) },
    directory: { login: () => Promise.resolve(LOGIN) },
    presence: {
      claim: () => Promise.resolve({ ok: true, epoch: 1, waits: true, displaced: [] }),
      release: () => Promise.resolve(),
    },
    inbox: {
      read: (_device: string, { normal }: { normal: number }) =>
        Promise.resolve(normal < 1 ? [{ seq: 1, priority: 'normal', notificationId: 'n1' }] : []),
      delivery: () => Promise.resolve({ state: 'written' }),
    },
    contents: { load: () => Promise.resolve([CONTENT]) },
    receipts: { record: (step: DeliveryStep) => void recorded.push(step), flush },
    fallbacks: { watch: () => {} },
    tell: () => Promise.resolve(),
    logger: silent,
  } as unknown as TransportContext;
  return new XmppTransport(context, {
    accounts: {} as DeviceAccounts,
    tellOtherEdges: () => Promise.resolve(),
    archive: { keep: () => {} } as unknown as RedisArchive,
    records: { list: () => Promise.resolve(new Map()) } as unknown as RedisAccounts,
    domain: 'example.org',
    tls: 'required',
  });
}

it('a resumed session does not get from the inbox what it acknowledges while that is looked up', async () => {
  let flushed = (): void => {};
  const recorded: DeliveryStep[] = [];
  const { server } = transportWith(() => new Promise((resolve) => (flushed = resolve)), recorded);
  const client = await ScriptedClient.attachedTo(server).logIn('phone', 'r', 'token');
  client.send(`<enable ${SM} resume='true'/>`);
  const id = (await client.nextElement()).attrs['id']!;
  await client.comeOnline();
  await client.expect(/^<message .*id='n1'/);
  client.cut();

  const next = ScriptedClient.attachedTo(server);
  await next.authenticate('phone', 'token');
  next.send(`<resume ${SM} previd='${id}' h='2'/>`);
  await next.expect(/^<resumed /);
  await next.expect(/^<message .*id='n1'/);
  next.send(`<a ${SM} h='3'/><iq type='get' id='p' to='example.org'><ping xmlns='urn:xmpp:ping'/></iq>`);
  for (let stanza = ''; !stanza.startsWith("<iq type='result' id='p'");) stanza = await next.next();
  expect(recorded.at(-1)).toMatchObject({ notificationId: 'n1', state: 'acknowledged' });
  flushed();
  await next.expectSilence();
  expect(recorded.filter(({ state }) => state === 'written')).toHaveLength(1);
  const stopped = server.stop('system-shutdown', 100);
  flushed();
  await stopped;
});
