/* oxlint-disable jest/expect-expect -- what a scripted client expects is an assertion too */
import type { AndroidpnEvent, AuthenticationOutcome } from '../hooks.js';
import { createFixture, eventually, type Fixture } from '../testing/fixture.js';
import { HEADER, ScriptedClient } from '../testing/scripted-client.js';
import { androidpnNotification } from './androidpn.js';

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

  const logIn = async (): Promise<void> => {
    await start();
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

  it('refuses incomplete log-ins, and ends the stream after three failures', async () => {
    await start();
    client.send(login('<username>dev1</username>'));
    await client.expect(/<error code='406' type='modify'><not-acceptable /);
    client.send(login(LOGIN_FIELDS.replace('token', 'tokem')).repeat(3));
    for (let i = 0; i < 3; i++) await client.expect(/<not-authorized /);
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
    client.send("<iq type='result' id='d1'/><iq type='result' id='d1'/>");
    await eventually(() =>
      expect(events).toEqual([
        { kind: 'received', id: 'd1' },
        { kind: 'read', id: 'd1' },
      ]),
    );
    expect(fixture.acknowledged).toEqual([['c1', 'iq']]);
  });

  const forks: [string, AndroidpnEvent][] = [
    [
      "<setalias xmlns='androidpn:iq:setalias'><username>someone else</username><alias>joe</alias></setalias>",
      { kind: 'set-alias', alias: 'joe' },
    ],
    ["<setalias xmlns='androidpn:iq:setalias'><alias/></setalias>", { kind: 'set-alias', alias: '' }],
    [
      "<settags xmlns='androidpn:iq:settags'><tags>a, b,,c</tags></settags>",
      { kind: 'set-tags', tags: ['a', 'b', 'c'] },
    ],
    [
      "<deliverconfirm xmlns='androidpn:iq:deliverconfirm'><uuid>n1</uuid></deliverconfirm>",
      { kind: 'received', id: 'n1' },
    ],
    ["<receipt xmlns='androidpn:iq:receipt'><uuid>n1</uuid></receipt>", { kind: 'received', id: 'n1' }],
  ];
  it.each(forks)('of a fork reports %s', async (payload, event) => {
    await logIn();
    fixture.server.session(FULL)!.deliver({ id: 'n1', cookie: 'c1', stanza: "<iq type='set' id='n1'/>" });
    await client.expect("<iq type='set' id='n1'/>");
    await client.expect(/fence-1/);
    client.send(`<iq type='set' id='f'>${payload}</iq>`);
    await client.expect(`<iq type='result' id='f' to='${FULL}'/>`);
    expect(events).toEqual([event]);
    expect(fixture.acknowledged).toEqual(event.kind === 'received' ? [['c1', 'receipt']] : []);
  });

  it('of a fork must say what it confirms', async () => {
    await logIn();
    client.send("<iq type='set' id='f'><receipt xmlns='androidpn:iq:receipt'/></iq>");
    await client.expect(/<bad-request /);
  });
});
