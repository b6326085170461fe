/* oxlint-disable jest/expect-expect -- what a scripted client expects is an assertion too */
import { createFixture, eventually, type Fixture } from '../testing/fixture.js';
import { ScriptedClient } from '../testing/scripted-client.js';
import { NS } from '../stream/namespaces.js';

const bind = (resource = ''): string =>
  `<iq type='set' id='b'><bind xmlns='${NS.bind}'>${resource && `<resource>${resource}</resource>`}</bind></iq>`;

describe('resource binding (RFC 6120 §7)', () => {
  let fixture: Fixture;

  beforeEach(() => (fixture = createFixture()));
  afterEach(() => fixture.server.stop('system-shutdown', 100));

  const authenticated = async (): Promise<ScriptedClient> => {
    const client = ScriptedClient.attachedTo(fixture.server);
    await client.authenticate('dev1', "dev1's token");
    return client;
  };

  it('binds what the client asks for, and knows whose it is', async () => {
    const client = await authenticated();
    client.send(bind('Phone &amp; co'));
    await client.expect(
      `<iq type='result' id='b'><bind xmlns='${NS.bind}'><jid>dev1@example.org/Phone &amp; co</jid></bind></iq>`,
    );
    const session = fixture.server.session('dev1@example.org/Phone & co')!;
    expect(session.principal).toBe('principal of dev1');
    expect(session.available).toBe(false);
    expect(fixture.server.session('dev1@example.org')).toBeUndefined();
  });

  it('makes a resource up when none is asked for', async () => {
    const client = await authenticated();
    client.send(bind());
    await client.expect(/<jid>dev1@example\.org\/[\w-]{12}<\/jid>/);
  });

  it('lets the newest win: the old stream gets <conflict/>', async () => {
    const old = await ScriptedClient.attachedTo(fixture.server).logIn('dev1', 'phone');
    const first = fixture.server.session('dev1@example.org/phone');
    await ScriptedClient.attachedTo(fixture.server).logIn('dev1', 'phone');
    await old.expectStreamError('conflict');
    expect(fixture.server.session('dev1@example.org/phone')).not.toBe(first);
    expect(fixture.events).toEqual(['bound dev1/phone', 'closed dev1/phone: conflict', 'bound dev1/phone']);
  });

  it('keeps the successor when a stale socket closes at last', async () => {
    const old = await ScriptedClient.attachedTo(fixture.server).logIn('dev1', 'phone');
    old.stream.pause();
    await ScriptedClient.attachedTo(fixture.server).logIn('dev1', 'phone');
    old.cut();
    await eventually(() => expect(fixture.server.connectionCount).toBe(1));
    expect(fixture.server.session('dev1@example.org/phone')).toBeDefined();
  });

  it('bounds the resources of an account', async () => {
    fixture = createFixture({ limits: { resourcesPerAccount: 1 } });
    await ScriptedClient.attachedTo(fixture.server).logIn('dev1', 'one');
    const second = await authenticated();
    second.send(bind('two'));
    await second.expect(/<error code='500' type='wait'><resource-constraint /);
  });

  const refused: [string, string, RegExp][] = [
    ['a resource that cannot be', bind('a\u0085b'), /<bad-request /],
    ['a get', bind('x').replace("'set'", "'get'"), /<bad-request /],
  ];
  it.each(refused)('refuses %s', async (_name, xml, expected) => {
    const client = await authenticated();
    client.send(xml);
    await client.expect(expected);
  });

  it('refuses a second resource on the stream', async () => {
    const client = await ScriptedClient.attachedTo(fixture.server).logIn('dev1', 'phone');
    client.send(bind('two'));
    await client.expect(/<error code='405' type='cancel'><not-allowed /);
  });

  it('answers the session request of RFC 3921', async () => {
    const client = await ScriptedClient.attachedTo(fixture.server).logIn('dev1', 'phone');
    client.send(`<iq type='set' id='s'><session xmlns='${NS.session}'/></iq>`);
    await client.expect("<iq type='result' id='s' to='dev1@example.org/phone'/>");
  });

  it.each([
    "<message to='dev2@example.org'/>",
    "<iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>",
    '<presence/>',
  ])('takes nothing else before: %s', async (stanza) => {
    const client = await authenticated();
    client.send(stanza);
    await client.expectStreamError('not-authorized');
  });

  it.each(["<message to='dev2@example.org'/>", bind(), `<r xmlns='${NS.sm}'/>`])(
    'takes nothing before log-in: %s',
    async (stanza) => {
      const client = ScriptedClient.attachedTo(fixture.server);
      await client.open();
      client.send(stanza);
      await client.expectStreamError('not-authorized');
    },
  );

  it('disconnects one session, all of a user, or none', async () => {
    const one = await ScriptedClient.attachedTo(fixture.server).logIn('dev1', 'one');
    const two = await ScriptedClient.attachedTo(fixture.server).logIn('dev1', 'two');
    expect(fixture.server.disconnect('dev1@example.org/three', 'policy-violation')).toBe(false);
    expect(fixture.server.disconnect('dev1@example.org/one', 'policy-violation')).toBe(true);
    await one.expectStreamError('policy-violation');
    expect(fixture.server.sessionsOf('dev1@example.org')).toHaveLength(1);
    expect(fixture.server.disconnect('dev1@example.org', 'not-authorized')).toBe(true);
    await two.expectStreamError('not-authorized');
    expect(fixture.server.sessionsOf('dev1@example.org')).toHaveLength(0);
  });
});
