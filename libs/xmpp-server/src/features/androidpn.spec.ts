/* oxlint-disable jest/expect-expect -- what a scripted client expects is an assertion too */
import type {
  AccountOutcome,
  AndroidpnEvent,
  AuthenticationOutcome,
  XmppServerHooks,
  XmppSession,
} from '../hooks.js';
import { createFixture, eventually, type Fixture } from '../testing/fixture.js';
import { HEADER, ScriptedClient } from '../testing/scripted-client.js';
import { androidpnNotification, keyInHost } from './androidpn.js';

const FULL = 'dev1@example.org/AndroidpnClient';
const LOGIN_FIELDS =
  "<username>dev1</username><password>dev1's token</password><resource>AndroidpnClient</resource>";
const login = (fields: string): string =>
  `<iq type='set' id='l'><query xmlns='jabber:iq:auth'>${fields}</query></iq>`;

describe('androidpn', () => {
  let fixture: Fixture;
  let client: ScriptedClient;
  let events: AndroidpnEvent[];

  const start = async (options: Parameters<typeof createFixture>[0] = {}): Promise<string> => {
    events = [];
    const hooks = {
      onAndroidpnEvent: (_s: unknown, event: AndroidpnEvent) => events.push(event),
      ...options.hooks,
    };
    fixture = createFixture({ androidpn: true, ...options, hooks });
    client = ScriptedClient.attachedTo(fixture.server);
    return client.open(HEADER.replace("to='example.org'", "to='192.168.1.7'"));
  };
  afterEach(() => fixture.server.stop('system-shutdown', 100));

  const logIn = async (hooks: Partial<XmppServerHooks> = {}): Promise<void> => {
    await start({ hooks });
    client.send(login(LOGIN_FIELDS));
    await client.expect(`<iq type='result' id='l' to='${FULL}'/>`);
  };

  it('may call the server by its address, and is offered the log-in that it knows', async () => {
    expect(await start()).toContain("<auth xmlns='http://jabber.org/features/iq-auth'/>");
  });

  it('logs in by XEP-0078 without a digest', async () => {
    await start();
    client.send("<iq type='get' id='g'><query xmlns='jabber:iq:auth'><username>dev1</username></query></iq>");
    await client.expect(
      "<iq type='result' id='g'><query xmlns='jabber:iq:auth'><username>dev1</username><password/><resource/></query></iq>",
    );
    client.send(login(LOGIN_FIELDS));
    await client.expect(`<iq type='result' id='l' to='${FULL}'/>`);
    client.send("<iq type='get' id='2'><query xmlns='jabber:iq:roster'/></iq><presence/>");
    await client.expect(
      `<iq type='result' id='2' to='${FULL}'><query xmlns='jabber:iq:roster'></query></iq>`,
    );
    await client.expect(/^<presence /);
    expect(fixture.events).toEqual(['bound dev1/AndroidpnClient', 'available dev1/AndroidpnClient']);
    expect(fixture.server.session(FULL)!.dialect).toBe('androidpn');
  });

  const refusals: [string, AuthenticationOutcome, RegExp][] = [
    [
      'a wrong password with 401',
      { ok: false, reason: 'not-authorized' },
      /<error code='401' type='auth'><not-authorized /,
    ],
    [
      'a passing failure with 500, never 401',
      { ok: false, reason: 'temporary-auth-failure' },
      /<error code='500' type='wait'><internal-server-error /,
    ],
    [
      'a disabled account with 403',
      { ok: false, reason: 'account-disabled' },
      /<error code='403' type='auth'><forbidden /,
    ],
  ];
  it.each(refusals)('refuses %s', async (_name, outcome, expected) => {
    await start({ hooks: { authenticate: async () => outcome } });
    client.send(login(LOGIN_FIELDS));
    await client.expect(expected);
  });

  it('refuses incomplete log-ins, and ends the stream after five failures', async () => {
    await start();
    client.send(login('<username>dev1</username>'));
    await client.expect(/<error code='406' type='modify'><not-acceptable /);
    client.send(login(LOGIN_FIELDS.replace('token', 'tokem')).repeat(5));
    for (let i = 0; i < 5; i++) await client.expect(/<not-authorized /);
    await client.expectStreamError('policy-violation');
  });

  it('does not exist unless it is switched on', async () => {
    fixture = createFixture();
    client = ScriptedClient.attachedTo(fixture.server);
    expect(await client.open()).not.toContain('iq-auth');
    client.send(login(LOGIN_FIELDS));
    await client.expectStreamError('not-authorized');
  });

  it('gets its notification as an IQ with a ping behind it, whose error proves the arrival', async () => {
    await logIn();
    const stanza = androidpnNotification({
      to: FULL,
      id: 'd1',
      notificationId: 'n1',
      apiKey: 'k',
      title: 'T',
      message: 'a < b',
      uri: 'tel:1',
      extra: { uuid: 'n1', notification: 'never' },
    });
    fixture.server.session(FULL)!.deliver({ id: 'd1', cookie: 'c1', stanza });
    await client.expect(
      `<iq type='set' id='d1' to='${FULL}'><notification xmlns='androidpn:iq:notification'><id>n1</id><apiKey>k</apiKey>` +
        '<title>T</title><message>a &lt; b</message><uri>tel:1</uri><uuid>n1</uuid></notification></iq>',
    );
    await client.expect(/^<iq type='get' id='fence-1' .*<ping xmlns='urn:xmpp:ping'\/><\/iq>$/);
    client.send("<iq id='fence-1' to='example.org' type='error'><error code='501' type='CANCEL'/></iq>");
    await eventually(() => expect(fixture.acknowledged).toEqual([['c1', 'ping']]));
  });

  it('of one fork answers twice: received, then read', async () => {
    await logIn();
    fixture.server.session(FULL)!.deliver({ id: 'd1', cookie: 'c1', stanza: "<iq type='set' id='d1'/>" });
    client.send("<iq type='result' id='d1'/><iq type='result' id='d1'/><iq type='result' id='older'/>");
    await eventually(() =>
      expect(events).toEqual([
        { kind: 'received', id: 'd1', by: 'iq', underWay: true },
        { kind: 'read', id: 'd1' },
        { kind: 'received', id: 'older', by: 'iq', underWay: false },
      ]),
    );
    expect(fixture.acknowledged).toEqual([['c1', 'iq']]);
  });

  const confirm = (kind: string, id: string): string =>
    `<iq type='set' id='f'><${kind} xmlns='androidpn:iq:${kind}'><uuid>${id}</uuid></${kind}></iq>`;

  it.each(['deliverconfirm', 'receipt'])('of a fork confirms by <%s/>', async (kind) => {
    await logIn();
    fixture.server.session(FULL)!.deliver({ id: 'n1', cookie: 'c1', stanza: "<iq type='set' id='n1'/>" });
    await client.expect("<iq type='set' id='n1'/>");
    await client.expect(/fence-1/);
    for (const underWay of [true, false]) {
      client.send(confirm(kind, 'n1'));
      await client.expect(`<iq type='result' id='f' to='${FULL}'/>`);
      expect(events.at(-1)).toEqual({ kind: 'received', id: 'n1', by: 'receipt', underWay });
    }
    expect(fixture.acknowledged).toEqual([['c1', 'receipt']]);
  });

  it('of a fork must say what it confirms', async () => {
    await logIn();
    client.send("<iq type='set' id='f'><receipt xmlns='androidpn:iq:receipt'/></iq>");
    await client.expect(/<bad-request /);
  });

  const claims: [string, string][] = [
    [
      "<setalias xmlns='androidpn:iq:setalias'><username>someone else</username><alias>joe</alias></setalias>",
      'dev1 alias "joe"',
    ],
    ["<setalias xmlns='androidpn:iq:setalias'><alias/></setalias>", 'dev1 alias ""'],
    ["<settags xmlns='androidpn:iq:settags'><tags>a, b,,c</tags></settags>", 'dev1 tags ["a","b","c"]'],
  ];

  it.each(claims)('of a fork names itself by %s', async (payload, claim) => {
    const claimed: string[] = [];
    let outcome: AccountOutcome = { ok: true };
    const take = async ({ jid }: XmppSession, what: string, value: unknown): Promise<AccountOutcome> => {
      claimed.push(`${jid.local} ${what} ${JSON.stringify(value)}`);
      return outcome;
    };
    await logIn({
      setAlias: (session, alias) => take(session, 'alias', alias),
      setTags: (session, tags) => take(session, 'tags', tags),
    });
    client.send(`<iq type='set' id='f'>${payload}</iq>`);
    await client.expect(`<iq type='result' id='f' to='${FULL}'/>`);
    expect(claimed).toEqual([claim]);
    outcome = { ok: false, reason: 'not-allowed' };
    client.send(`<iq type='set' id='f'>${payload}</iq>`);
    await client.expect(/<not-allowed /);
  });

  it.each(claims)('answers that nobody takes %s', async (payload) => {
    await logIn();
    client.send(`<iq type='set' id='f'>${payload}</iq>`);
    await client.expect(/<service-unavailable /);
  });
});

describe('a registration key in a host name', () => {
  it.each([
    ['rk-1.push.example.org', 'rk-1'],
    ['RK-1.Push.Example.Org', 'rk-1'],
    ['push.example.org', undefined],
    ['a.b.push.example.org', undefined],
    ['rk-1.elsewhere.org', undefined],
    ['192.168.1.7', undefined],
    ['.push.example.org', undefined],
    [undefined, undefined],
  ])('%s', (host, key) => {
    expect(keyInHost(host, 'push.example.org')).toBe(key);
  });

  it('is what a client registers with that has no field for it', async () => {
    const keys: unknown[] = [];
    const register = async ({ key }: { key: string | undefined }): Promise<AccountOutcome> => {
      keys.push(key);
      return { ok: true };
    };
    for (const androidpn of [true, false]) {
      const { server } = createFixture({ androidpn, registration: 'key', hooks: { register } });
      const client = ScriptedClient.attachedTo(server);
      await client.open(androidpn ? HEADER.replace("to='", "to='rk-1.") : HEADER);
      client.send(
        "<iq type='set' id='r'><query xmlns='jabber:iq:register'><username>u</username><password>p</password></query></iq>",
      );
      await client.expect(androidpn ? "<iq type='result' id='r'/>" : /<forbidden /);
      await server.stop('system-shutdown', 100);
    }
    expect(keys).toEqual(['rk-1']);
  });
});
