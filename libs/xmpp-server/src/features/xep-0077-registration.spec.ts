/* oxlint-disable jest/expect-expect -- what a scripted client expects is an assertion too */
import type { AccountOutcome, RegistrationRequest, XmppSession } from '../hooks.js';
import type { XmppServerOptions } from '../options.js';
import { createFixture, type Fixture } from '../testing/fixture.js';
import { CLEAR, ScriptedClient, SECURE } from '../testing/scripted-client.js';

const form = (fields: string): string =>
  `<iq type='set' id='r'><query xmlns='jabber:iq:register'>${fields}</query></iq>`;
const NEW = '<username>New</username><password>secret</password>';

describe('in-band registration (XEP-0077)', () => {
  let fixture: Fixture;
  let client: ScriptedClient;
  let requests: RegistrationRequest[];
  let outcome: AccountOutcome;

  const start = async (registration: XmppServerOptions['registration']): Promise<string> => {
    requests = [];
    outcome = { ok: true };
    const register = async (request: RegistrationRequest): Promise<AccountOutcome> => {
      requests.push(request);
      return outcome;
    };
    fixture = createFixture({ registration, hooks: { register } });
    client = ScriptedClient.attachedTo(fixture.server);
    return client.open();
  };
  afterEach(() => fixture.server.stop('system-shutdown', 100));

  it('is offered, explained and done', async () => {
    expect(await start('open')).toContain("<register xmlns='http://jabber.org/features/iq-register'/>");
    client.send("<iq type='get' id='g'><query xmlns='jabber:iq:register'/></iq>");
    await client.expect(/^<iq type='result' id='g'><query .*<username\/><password\/><\/query><\/iq>$/);
    client.send(form(`${NEW}<email>a@b</email><name>N</name>`));
    await client.expect("<iq type='result' id='r'/>");
    expect(requests).toEqual([
      { username: 'new', password: 'secret', key: undefined, email: 'a@b', name: 'N', peer: SECURE },
    ]);
  });

  it('may be refused', async () => {
    await start('open');
    outcome = { ok: false, reason: 'conflict' };
    client.send(form(NEW));
    await client.expect(/^<iq id='r' type='error'><error code='409' type='cancel'><conflict /);
  });

  it.each([
    '',
    '<username>x</username>',
    '<username>a b</username><password>x</password>',
    '<username>x</username><password/>',
  ])('wants a name and a password: %s', async (fields) => {
    await start('open');
    client.send(form(fields));
    await client.expect(/<error code='406' type='modify'><not-acceptable /);
    expect(requests).toEqual([]);
  });

  it('wants the key where one is due: as a field, or as a token beforehand (XEP-0445)', async () => {
    await start('key');
    client.send("<iq type='get' id='g'><query xmlns='jabber:iq:register'/></iq>");
    await client.expect(/<key\/>/);
    client.send(form(NEW));
    await client.expect(/<error code='403' type='auth'><forbidden /);
    client.send(form(`${NEW}<key>k1</key>`));
    await client.expect("<iq type='result' id='r'/>");
    client.send("<iq type='set' id='t'><preauth xmlns='urn:xmpp:pars:0' token='k2'/></iq>");
    await client.expect("<iq type='result' id='t'/>");
    client.send(form(NEW));
    await client.expect("<iq type='result' id='r'/>");
    expect(requests.map(({ key }) => key)).toEqual(['k1', 'k2']);
  });

  it('is closed unless opened', async () => {
    expect(await start(undefined)).not.toContain('register');
    client.send(form(NEW) + "<iq type='get' id='g'><query xmlns='jabber:iq:register'/></iq>");
    await client.expect(/<not-allowed /);
    await client.expect(/<not-allowed /);
  });

  it('ends the stream of whoever tries on and on', async () => {
    await start('open');
    client.send(form(NEW).repeat(4));
    for (let i = 0; i < 3; i++) await client.expect("<iq type='result' id='r'/>");
    await client.expectStreamError('policy-violation');
  });

  it('is not for clear connections where encryption is required', async () => {
    await start('open');
    const clear = ScriptedClient.attachedTo(fixture.server, CLEAR);
    fixture = createFixture({
      registration: 'open',
      secureContext: {} as never,
      hooks: { register: async () => outcome },
    });
    const other = ScriptedClient.attachedTo(fixture.server, CLEAR);
    expect(await other.open()).not.toContain('register');
    other.send(form(NEW));
    await other.expectStreamError('not-authorized');
    clear.cut();
  });

  it.each([
    ["<iq type='set'><query xmlns='jabber:iq:register'/></iq>", /<bad-request /],
    ["<iq type='set' id='1'><preauth xmlns='urn:xmpp:pars:0'/></iq>", /<bad-request /],
  ])('refuses %s', async (xml, expected) => {
    await start('open');
    client.send(xml);
    await client.expect(expected);
  });
});

describe('one’s own account (XEP-0077)', () => {
  let fixture: Fixture;
  let asked: string[];
  let outcome: AccountOutcome;

  const start = async (hooked = true): Promise<ScriptedClient> => {
    asked = [];
    outcome = { ok: true };
    const answer = async (what: string): Promise<AccountOutcome> => {
      asked.push(what);
      return outcome;
    };
    const hooks = {
      changePassword: ({ jid }: XmppSession, password: string) => answer(`${jid.local}: ${password}`),
      removeAccount: ({ jid }: XmppSession) => answer(`${jid.local} goes`),
    };
    fixture = createFixture(hooked ? { hooks } : {});
    return ScriptedClient.attachedTo(fixture.server).logIn('dev1', 'r');
  };
  afterEach(() => fixture.server.stop('system-shutdown', 100));

  it('says who one is', async () => {
    const client = await start();
    client.send("<iq type='get' id='g'><query xmlns='jabber:iq:register'/></iq>");
    await client.expect(/<registered\/><username>dev1<\/username><password\/><\/query>/);
  });

  it('takes a new password, before anything that was sent behind it is answered', async () => {
    const client = await start();
    const fields = '<username>DEV1</username><password>new</password>';
    client.send(`${form(fields)}<iq type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>`);
    await client.expect("<iq type='result' id='r' to='dev1@example.org/r'/>");
    await client.expect(/^<iq type='result' id='p'/);
    expect(asked).toEqual(['dev1: new']);
  });

  it('tells why a password was refused', async () => {
    const client = await start();
    outcome = { ok: false, reason: 'not-acceptable', text: 'too short' };
    client.send(form('<username>dev1</username><password>x</password>'));
    await client.expect(/<not-acceptable .*too short/);
  });

  it.each([
    ['another’s password', '<username>dev2</username><password>new</password>', 'not-allowed'],
    ['no password', '<username>dev1</username>', 'bad-request'],
    ['an empty password', '<username>dev1</username><password/>', 'bad-request'],
    ['a removal that is something else too', '<remove/><password>x</password>', 'bad-request'],
  ])('refuses %s', async (_name, fields, condition) => {
    const client = await start();
    client.send(form(fields));
    await client.expect(new RegExp(`<${condition} `));
    expect(asked).toEqual([]);
  });

  it('is removed with all its sessions, after the answer', async () => {
    const client = await start();
    const other = await ScriptedClient.attachedTo(fixture.server).logIn('dev1', 'other');
    client.send(form('<remove/>'));
    await client.expect("<iq type='result' id='r' to='dev1@example.org/r'/>");
    await client.expectStreamError('not-authorized');
    await other.expectStreamError('not-authorized');
    expect(asked).toEqual(['dev1 goes']);
  });

  it.each(['<remove/>', '<username>dev1</username><password>new</password>'])(
    'cannot be changed where nobody manages it: %s',
    async (fields) => {
      const client = await start(false);
      client.send(form(fields));
      await client.expect(/<not-allowed /);
    },
  );
});
