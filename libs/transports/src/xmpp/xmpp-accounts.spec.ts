import type { AccountChange, DeviceAccounts, DeviceLogin } from '@carillon/domain';
import { ScriptedClient } from '@carillon/xmpp-server/testing';
import type { TransportContext } from '../transport-context.js';
import type { RedisAccounts } from './redis-accounts.js';
import type { RedisArchive } from './redis-archive.js';
import { XmppTransport } from './xmpp-transport.js';

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const LOGIN = { id: 'phone', app: 'app', credentials: { tokenHash: 'hash' } } as DeviceLogin;
const REFUSED: AccountChange = { ok: false, reason: 'not-allowed', detail: 'not this one' };
const removal = "<iq type='set' id='r'><query xmlns='jabber:iq:register'><remove/></query></iq>";

/** Accounts whose edge hears of the removal before the answer to it is there, as another connection to Redis may bring it. */
function transportWith(outcome: AccountChange): XmppTransport {
  let device: DeviceLogin | undefined = LOGIN;
  const accounts = {
    remove: async () => {
      device = undefined;
      transport.notice({ deviceId: LOGIN.id, reason: 'revoked' });
      await new Promise((resolve) => setTimeout(resolve, 20));
      return outcome;
    },
  } as unknown as DeviceAccounts;
  const context = {
    authenticator: { verify: () => Promise.resolve(LOGIN) },
    directory: { login: () => Promise.resolve(device) },
    logger: silent,
  } as unknown as TransportContext;
  const transport: XmppTransport = new XmppTransport(context, {
    accounts,
    tellOtherEdges: () => Promise.resolve(),
    archive: {} as RedisArchive,
    records: {} as RedisAccounts,
    domain: 'example.org',
    tls: 'required',
  });
  return transport;
}

async function asking(outcome: AccountChange): Promise<ScriptedClient> {
  const client = await ScriptedClient.attachedTo(transportWith(outcome).server).logIn('phone', 'r');
  client.send(removal);
  return client;
}

describe('the end of an account', () => {
  it('is answered before the revocation ends the session', async () => {
    const client = await asking({ ok: true });
    const answer = await client.nextElement();
    expect([answer.attrs.id, answer.attrs.type]).toEqual(['r', 'result']);
    await client.expectStreamError('not-authorized');
  });

  it('that is refused leaves a session whose credentials were revoked meanwhile no longer than its answer', async () => {
    const client = await asking(REFUSED);
    const rest = [await client.next(), await client.next().catch(String)];
    expect(rest.join('')).toContain('<not-authorized xmlns=');
  });
});
