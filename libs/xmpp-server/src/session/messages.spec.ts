/* oxlint-disable jest/expect-expect -- what a scripted client expects is an assertion too */
import type { MessageVerdict, Position } from '../hooks.js';
import { jsonContainer } from '../features/xep-0335-json-container.js';
import type { Element } from '../stanza/element.js';
import { createFixture, type Fixture } from '../testing/fixture.js';
import { ScriptedClient } from '../testing/scripted-client.js';

const PHONE = 'dev1@example.org/phone';
const OTHER = 'dev2@example.org/phone';

describe('messages (RFC 6121 §5, §8.5)', () => {
  let fixture: Fixture;
  let phone: ScriptedClient;
  let seen: Element[];
  let verdict: MessageVerdict | Promise<MessageVerdict>;

  const start = async (options: Parameters<typeof createFixture>[0] = {}): Promise<void> => {
    seen = [];
    verdict = 'consume';
    const onMessage = (_session: unknown, message: Element): typeof verdict => {
      seen.push(message);
      return verdict;
    };
    fixture = createFixture({ ...options, hooks: { onMessage, ...options.hooks } });
    phone = await ScriptedClient.attachedTo(fixture.server).logIn('dev1', 'phone');
  };
  beforeEach(() => start());
  afterEach(() => fixture.server.stop('system-shutdown', 100));

  const online = async (user: string, resource: string, priority = 0): Promise<ScriptedClient> => {
    const client = await ScriptedClient.attachedTo(fixture.server).logIn(user, resource);
    client.send(`<presence><priority>${priority}</priority></presence>`);
    await client.expect(new RegExp(`from='${user}@example.org/${resource}'`));
    await client.expect(/from='app@/);
    return client;
  };

  it('reach the gateway with the sender stamped and foreign stanza ids gone', async () => {
    phone.send(
      "<message to='APP@example.org' from='boss@example.org' id='m1'><body>hi</body>" +
        "<stanza-id xmlns='urn:xmpp:sid:0' by='example.org' id='forged'/>" +
        `<json xmlns='urn:xmpp:json:0'>{"event":"displayed"}</json></message>`,
    );
    await phone.expectSilence();
    expect(seen[0]!.toString('jabber:client')).toBe(
      `<message to='app@example.org' from='${PHONE}' id='m1'><body>hi</body>` +
        `<json xmlns='urn:xmpp:json:0'>{"event":"displayed"}</json></message>`,
    );
    expect(jsonContainer(seen[0]!)).toBe('{"event":"displayed"}');
  });

  it('are receipted when the app took them and they ask for it (XEP-0184)', async () => {
    const ask = (id: string, type = ''): string =>
      `<message to='app@example.org'${type}${id}><request xmlns='urn:xmpp:receipts'/></message>`;
    phone.send(ask(" id='m1'", " type='chat'") + ask('') + ask(" id='m2'", " type='error'"));
    await phone.expect(
      `<message type='chat' from='app@example.org' to='${PHONE}'><received xmlns='urn:xmpp:receipts' id='m1'/></message>`,
    );
    await phone.expectSilence();
  });

  it('are refused with the condition of the verdict, asynchronous ones in order', async () => {
    verdict = Promise.resolve({ error: 'policy-violation', text: 'slow <down>' } as const);
    phone.send(
      "<message to='dev2@example.org' id='m1'/><iq type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>",
    );
    await phone.expect(
      `<message from='dev2@example.org' to='${PHONE}' id='m1' type='error'><error code='405' type='modify'>` +
        "<policy-violation xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>" +
        "<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas' xml:lang='en'>slow &lt;down&gt;</text></error></message>",
    );
    await phone.expect(/^<iq type='result' id='p'/);
  });

  it('are refused when nobody listens, and errors are not answered', async () => {
    await start({ hooks: { onMessage: undefined } });
    phone.send("<message to='app@example.org' id='m1'/>");
    await phone.expect(/<error code='503' type='cancel'><service-unavailable /);
    phone.send("<message to='app@example.org' id='m2' type='error'/>");
    await phone.expectSilence();
  });

  it('cannot go to other servers or to JIDs that are none', async () => {
    phone.send("<message to='a@example.com'/><message to='a b@example.org'/>");
    await phone.expect(/<remote-server-not-found /);
    await phone.expect(/<jid-malformed /);
    expect(seen).toEqual([]);
  });

  it('without an address go to the own account', async () => {
    phone.send('<message><body>note</body></message>');
    await phone.expectSilence();
    expect(seen[0]!.attrs['to']).toBe('dev1@example.org');
  });

  it('tell a position to the gateway (XEP-0080)', async () => {
    const positions: Position[] = [];
    await start({ hooks: { onPosition: (_session, position) => positions.push(position) } });
    const geoloc = "<geoloc xmlns='http://jabber.org/protocol/geoloc'><lat>1.5</lat><lon>2</lon></geoloc>";
    phone.send(
      `<message to='app@example.org'>${geoloc}</message><message to='dev2@example.org'>${geoloc}</message>`,
    );
    await phone.expectSilence();
    expect(positions).toEqual([expect.objectContaining({ lat: 1.5, lon: 2 })]);
    expect(seen.map(({ attrs }) => attrs['to'])).toEqual(['dev2@example.org']);
  });

  it('that only say who is typing end at the app (XEP-0085), and pass to others', async () => {
    const gone = "<gone xmlns='http://jabber.org/protocol/chatstates'/><no-store xmlns='urn:xmpp:hints'/>";
    phone.send(
      `<message to='app@example.org'>${gone}</message><message to='dev2@example.org'>${gone}</message>`,
    );
    phone.send(
      `<message to='app@example.org'><body>x</body>${gone}</message><message to='app@example.org'/>`,
    );
    await phone.expectSilence();
    expect(seen.map(({ attrs, children }) => [attrs['to'], children.length])).toEqual([
      ['dev2@example.org', 2],
      ['app@example.org', 3],
      ['app@example.org', 0],
    ]);
  });

  describe('that are routed', () => {
    beforeEach(() => (verdict = 'route'));
    const chat = (to: string, type = 'chat'): string =>
      `<message to='${to}' type='${type}' id='m1'><body>x</body></message>`;
    const arrived = (to: string, type = 'chat'): string =>
      `<message to='${to}' type='${type}' id='m1' from='${PHONE}'><body>x</body></message>`;

    it('reach a full JID', async () => {
      const other = await online('dev2', 'phone');
      phone.send(chat(OTHER));
      await other.expect(arrived(OTHER));
    });

    it('to a bare JID reach the best resource', async () => {
      const low = await online('dev2', 'low', 1);
      const high = await online('dev2', 'high', 2);
      phone.send(chat('dev2@example.org'));
      await low.expect(/^<presence/);
      await high.expect(/^<presence/);
      await high.expect(arrived('dev2@example.org'));
      await low.expectSilence();
    });

    it('of type chat to an absent resource reach another, of type normal never do', async () => {
      const other = await online('dev2', 'phone');
      phone.send(chat('dev2@example.org/gone'));
      await other.expect(arrived('dev2@example.org/gone'));
      phone.send(chat('dev2@example.org/gone', 'normal'));
      await phone.expect(/<service-unavailable /);
      await other.expectSilence();
    });

    it('of type headline reach all resources of a bare JID, and are dropped where there is none', async () => {
      const [one, two] = [await online('dev2', 'one'), await online('dev2', 'two')];
      await one.expect(/two/);
      await two.expect(/one/);
      phone.send(chat('dev2@example.org', 'headline') + chat('dev3@example.org', 'headline'));
      await one.expect(arrived('dev2@example.org', 'headline'));
      await two.expect(arrived('dev2@example.org', 'headline'));
      await phone.expectSilence();
    });

    it.each(['chat', 'normal', 'groupchat'])('come back when nobody is there: %s', async (type) => {
      phone.send(chat('dev3@example.org', type));
      await phone.expect(/^<message from='dev3@example\.org' .*<service-unavailable /);
    });

    it('keep what they contain, other namespaces and xml:lang included', async () => {
      const other = await online('dev2', 'phone');
      phone.send(
        `<message to='${OTHER}' xml:lang='de'><body xml:lang='de'>ä<![CDATA[<&>]]></body>` +
          "<p:x xmlns:p='urn:p' p:a='1' b='&quot;'><p:y/><z xmlns='urn:z'/></p:x></message>",
      );
      await other.expect(
        `<message to='${OTHER}' from='${PHONE}' xml:lang='de'><body xml:lang='de'>ä&lt;&amp;&gt;</body>` +
          "<x xmlns='urn:p' b='&quot;' xmlns:p='urn:p' p:a='1'><y/><z xmlns='urn:z'/></x></message>",
      );
    });

    it('count for stream management, and do not pile up for a client that does not read', async () => {
      await start({ limits: { outputBytes: 2000 }, hooks: { onMessage: () => 'route' } });
      const other = await online('dev2', 'phone');
      other.stream.pause();
      for (let i = 0; i < 200; i++) {
        phone.send(`<message to='${OTHER}' type='chat'><body>${'x'.repeat(400)}</body></message>`);
        await new Promise((resolve) => setImmediate(resolve));
      }
      await phone.expect(/<error code='500' type='wait'><resource-constraint |<service-unavailable /);
    });
  });
});
