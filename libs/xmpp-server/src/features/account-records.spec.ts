import { AccountStore, InMemoryAccountStore } from '../account/account-store.js';
import { createFixture, eventually, type Fixture, USERS } from '../testing/fixture.js';
import { ScriptedClient } from '../testing/scripted-client.js';
import type { Element } from '../stanza/element.js';
import { NS } from '../stream/namespaces.js';
import { pushServiceOf } from './xep-0357-push.js';

const PRIVATE = "<query xmlns='jabber:iq:private'>";

/** What clients keep with their accounts. */
describe('with a store of accounts', () => {
  let store: AccountStore;
  let fixture: Fixture;
  let client: ScriptedClient;
  let ids: number;

  const start = async (bounds?: { records: number; bytes: number }) => {
    ids = 0;
    store = new InMemoryAccountStore(bounds, (account) => account in USERS);
    fixture = createFixture({
      accountStore: store,
      keepsOfflineMessages: true,
      hooks: { onMessage: () => 'route' },
    });
    client = await ScriptedClient.attachedTo(fixture.server).logIn('dev1', 'phone');
  };
  beforeEach(() => start());
  afterEach(() => fixture.server.stop('system-shutdown', 100));

  const ask = async (type: 'get' | 'set', payload: string, to = '', by = client): Promise<Element> => {
    const id = `q${++ids}`;
    by.send(`<iq type='${type}' id='${id}'${to && ` to='${to}'`}>${payload}</iq>`);
    for (;;) {
      const answer = await by.nextElement();
      if (answer.name === 'iq' && answer.attrs['id'] === id) return answer;
    }
  };
  const errorOf = (answer: Element): string | undefined => answer.child('error')?.elements[0]?.name;
  const told = async (by = client): Promise<string> => (await by.nextElement()).toString('jabber:client');
  /** Features and items of the account or the server. */
  const disco = async (what: 'info' | 'items', to: string): Promise<string[]> => {
    const answer = await ask('get', `<query xmlns='http://jabber.org/protocol/disco#${what}'/>`, to);
    return answer.elements[0]!.elements.map(({ attrs }) => attrs['var'] ?? attrs['node'] ?? '');
  };

  it('announces what there is, and without one nothing of it', async () => {
    expect(await disco('info', 'example.org')).toEqual(
      expect.arrayContaining([NS.blocking, NS.privateXml, 'msgoffline']),
    );
    expect(await disco('info', 'dev1@example.org')).toEqual(
      expect.arrayContaining([NS.push, `${NS.pubsub}#publish-options`]),
    );
    await fixture.server.stop('system-shutdown', 100);
    fixture = createFixture();
    client = await ScriptedClient.attachedTo(fixture.server).logIn('dev1', 'phone');
    const bare = [...(await disco('info', 'example.org')), ...(await disco('info', 'dev1@example.org'))];
    for (const each of [NS.blocking, NS.privateXml, NS.push, 'msgoffline']) expect(bare).not.toContain(each);
  });

  it('answers that it cannot be reached, and goes on', async () => {
    store.list = () => Promise.reject(new Error('away'));
    expect(errorOf(await ask('get', "<blocklist xmlns='urn:xmpp:blocking'/>"))).toBe('internal-server-error');
    client.send("<message to='dev2@example.org' id='m'><body>x</body></message>");
    expect(errorOf(await client.nextElement())).toBe('resource-constraint');
    expect((await ask('get', "<ping xmlns='urn:xmpp:ping'/>")).attrs['type']).toBe('result');
  });

  describe('XEP-0049', () => {
    it('gives back what was kept under a name, to every resource', async () => {
      const notes = "<notes xmlns='urn:n'><n a='&lt;1'>x &amp; y</n></notes>";
      const set = await ask('set', `${PRIVATE}${notes}<other xmlns='urn:n'>1</other></query>`);
      expect(set.attrs['type']).toBe('result');
      const tablet = await ScriptedClient.attachedTo(fixture.server).logIn('dev1', 'tablet');
      const got = await ask('get', `${PRIVATE}<notes xmlns='urn:n'/></query>`, '', tablet);
      expect(got.elements[0]!.elements[0]!.toString()).toBe(notes);
      await ask('set', `${PRIVATE}<notes xmlns='urn:n'/></query>`);
      const gone = await ask('get', `${PRIVATE}<notes xmlns='urn:n'/></query>`);
      expect(gone.elements[0]!.elements[0]!.toString()).toBe("<notes xmlns='urn:n'/>");
    });

    it.each([
      ['set', '', 'bad-request'],
      ['get', '', 'bad-request'],
      ['get', "<a xmlns='urn:a'/><b xmlns='urn:b'/>", 'bad-request'],
      ['set', "<a xmlns='jabber:iq:roster'>x</a>", 'not-acceptable'],
      ['set', `<a xmlns='urn:a'>${'x'.repeat(9_000)}</a>`, 'resource-constraint'],
    ] as const)('refuses to %s %j', async (type, content, error) => {
      await start({ records: 5, bytes: 5_000 });
      expect(errorOf(await ask(type, `${PRIVATE}${content}</query>`))).toBe(error);
    });
  });

  describe('XEP-0191', () => {
    const BLOCKING = "xmlns='urn:xmpp:blocking'";
    const block = (jid: string, what = 'block') =>
      ask('set', `<${what} ${BLOCKING}><item jid='${jid}'/></${what}>`);
    const list = async () =>
      (await ask('get', `<blocklist ${BLOCKING}/>`)).elements[0]!.elements.map(({ attrs }) => attrs['jid']);

    it('keeps the list, and tells who asked for it of changes', async () => {
      const tablet = await ScriptedClient.attachedTo(fixture.server).logIn('dev1', 'tablet');
      await ask('get', `<blocklist ${BLOCKING}/>`, '', tablet);
      expect((await block('Dev2@Example.org')).attrs['type']).toBe('result');
      await block('spam.example');
      expect(await told(tablet)).toContain(`<block ${BLOCKING}><item jid='dev2@example.org'/></block>`);
      expect(await list()).toEqual(['dev2@example.org', 'spam.example']);
      await block('dev2@example.org', 'unblock');
      expect(await list()).toEqual(['spam.example']);
      await ask('set', `<unblock ${BLOCKING}/>`);
      expect(await list()).toEqual([]);
      await told(tablet);
      await told(tablet);
      expect(await told(tablet)).toContain(`<unblock ${BLOCKING}/>`);
    });

    it.each([
      ['', 'jid-malformed'],
      ['@', 'jid-malformed'],
      ['app@example.org', 'not-allowed'],
      ['example.org', 'not-allowed'],
      ['dev1@example.org/tablet', 'not-allowed'],
    ])('refuses to block %j', async (jid, error) => {
      expect(errorOf(await block(jid))).toBe(error);
      expect(errorOf(await ask('set', `<block ${BLOCKING}/>`))).toBe('bad-request');
    });

    it.each(['dev2@example.org', 'dev2@example.org/phone'])(
      'lets no message pass between who blocks and %s',
      async (jid) => {
        const other = await ScriptedClient.attachedTo(fixture.server).logIn('dev2', 'phone');
        await other.comeOnline();
        await client.comeOnline();
        await block(jid);
        client.send("<message to='dev2@example.org/phone' id='m1'><body>x</body></message>");
        const refusal = await client.nextElement();
        expect(errorOf(refusal)).toBe('not-acceptable');
        expect(refusal.child('error')!.child('blocked', 'urn:xmpp:blocking:errors')).toBeDefined();
        other.send("<message to='dev1@example.org' id='m2' type='chat'><body>x</body></message>");
        expect(errorOf(await other.nextElement())).toBe('service-unavailable');
        await block(jid, 'unblock');
        other.send("<message to='dev1@example.org' id='m3' type='chat'><body>x</body></message>");
        expect(await told()).toContain('m3');
      },
    );
  });

  describe('XEP-0163', () => {
    const NODE = 'urn:xmpp:bookmarks:1';
    const FORM = (values: Record<string, string>) =>
      `<x xmlns='jabber:x:data' type='submit'>${Object.entries(values)
        .map(([name, value]) => `<field var='${name}'><value>${value}</value></field>`)
        .join('')}</x>`;
    const publish = (id: string, options: Record<string, string> = {}, node = NODE) =>
      ask(
        'set',
        `<pubsub xmlns='${NS.pubsub}'><publish node='${node}'><item id='${id}'><c xmlns='urn:c' n='${id}'/></item></publish>` +
          `<publish-options>${FORM(options)}</publish-options></pubsub>`,
      );
    const items = async (inner = '', attrs = '') => {
      const answer = await ask(
        'get',
        `<pubsub xmlns='${NS.pubsub}'><items node='${NODE}'${attrs}>${inner}</items></pubsub>`,
      );
      return errorOf(answer) ?? answer.elements[0]!.elements[0]!.elements.map(({ attrs: { id } }) => id);
    };
    const owner = (type: 'get' | 'set', content: string) =>
      ask(type, `<pubsub xmlns='${NS.pubsubOwner}'>${content}</pubsub>`);

    it('keeps the newest item of a node, or as many as its owner wants', async () => {
      expect(await items()).toBe('item-not-found');
      await publish('a');
      await publish('b');
      expect(await items()).toEqual(['b']);
      expect(errorOf(await publish('c', { 'pubsub#max_items': '3' }))).toBe('conflict');
      const form = FORM({ 'pubsub#max_items': 'max' });
      await owner('set', `<configure node='${NODE}'>${form}</configure>`);
      const shown = await owner('get', `<configure node='${NODE}'/>`);
      expect(shown.toString()).toContain("var='pubsub#max_items' type='text-single'><value>100<");
      for (const id of ['c', 'd', 'b']) await publish(id, { 'pubsub#max_items': 'max' });
      expect(await items()).toEqual(['c', 'd', 'b']);
      expect(await items('', " max_items='2'")).toEqual(['d', 'b']);
      expect(await items("<item id='c'/>")).toEqual(['c']);
      expect(await disco('items', 'dev1@example.org')).toEqual([NODE]);
      await ask(
        'set',
        `<pubsub xmlns='${NS.pubsub}'><retract node='${NODE}'><item id='c'/></retract></pubsub>`,
      );
      expect(await items()).toEqual(['d', 'b']);
      await owner('set', `<purge node='${NODE}'/>`);
      expect(await items()).toEqual([]);
      await owner('set', `<delete node='${NODE}'/>`);
      expect(await items()).toBe('item-not-found');
    });

    it('tells the resources that ask for a node, also of what was published before they came', async () => {
      await publish('early', {}, 'urn:n');
      const tablet = await ScriptedClient.attachedTo(fixture.server).logIn('dev1', 'tablet');
      tablet.send(`<presence><c xmlns='${NS.caps}' hash='sha-1' node='urn:t' ver='x='/></presence>`);
      const question = await (async () => {
        for (;;) {
          const element = await tablet.nextElement();
          if (element.name === 'iq') return element;
        }
      })();
      expect(question.attrs['id']).toBe('caps');
      tablet.send(
        `<iq type='result' id='caps' to='example.org'><query xmlns='${NS.discoInfo}'><feature var='urn:n+notify'/></query></iq>`,
      );
      const event = async () => {
        for (;;) {
          const element = await tablet.nextElement();
          if (element.name === 'message') return element.toString('jabber:client');
        }
      };
      expect(await event()).toContain("<items node='urn:n'><item id='early'><c xmlns='urn:c' n='early'/>");
      await publish('other', {}, 'urn:o');
      await publish('late', {}, 'urn:n');
      expect(await event()).toContain("<items node='urn:n'><item id='late'>");
      await ask(
        'set',
        `<pubsub xmlns='${NS.pubsub}'><retract node='urn:n' notify='1'><item id='late'/></retract></pubsub>`,
      );
      expect(await event()).toContain("<retract id='late'/>");
    });

    it.each([
      ['set', "<publish><item id='1'><c xmlns='urn:c'/></item></publish>", 'bad-request'],
      ['set', "<publish node='n'/>", 'bad-request'],
      ['set', "<publish node='n'><item id='1'/></publish>", 'bad-request'],
      ['set', "<publish node='n'><item id='1&#10;'><c xmlns='urn:c'/></item></publish>", 'bad-request'],
      ['set', "<retract node='n'/>", 'bad-request'],
      ['set', "<retract node='n'><item id='1'/></retract>", 'item-not-found'],
      ['set', "<subscribe node='n'/>", 'feature-not-implemented'],
      ['get', '<items/>', 'bad-request'],
      ['get', "<items node='n' max_items='0'/>", 'bad-request'],
      ['get', '<affiliations/>', 'feature-not-implemented'],
    ] as const)('refuses to %s %j', async (type, content, error) => {
      expect(errorOf(await ask(type, `<pubsub xmlns='${NS.pubsub}'>${content}</pubsub>`))).toBe(error);
      expect(errorOf(await owner('set', "<delete node='n'/>"))).toBe('item-not-found');
    });
  });

  describe('with sessions on two servers', () => {
    let second: Fixture;
    let away: ScriptedClient;
    const news: unknown[] = [];

    /** The phone is on the first server, what it does is told to the second, where the tablet is. */
    beforeEach(async () => {
      await fixture.server.stop('system-shutdown', 100);
      news.length = 0;
      second = createFixture({ accountStore: store });
      fixture = createFixture({
        accountStore: store,
        hooks: {
          onAccountNews: ({ jid }, each) => {
            news.push(each);
            void second.server.tellAccount(`${jid.local}@${jid.domain}`, JSON.parse(JSON.stringify(each)));
          },
        },
      });
      client = await ScriptedClient.attachedTo(fixture.server).logIn('dev1', 'phone');
      away = await ScriptedClient.attachedTo(second.server).logIn('dev1', 'tablet');
    });
    afterEach(() => second.server.stop('system-shutdown', 100));

    it('tells who asked for the list of changes, whole and in part', async () => {
      await ask('get', `<blocklist xmlns='${NS.blocking}'/>`, '', away);
      await ask('set', `<block xmlns='${NS.blocking}'><item jid='dev2@example.org'/></block>`);
      expect(await told(away)).toContain(
        `<block xmlns='${NS.blocking}'><item jid='dev2@example.org'/></block>`,
      );
      await ask('set', `<unblock xmlns='${NS.blocking}'/>`);
      expect(await told(away)).toContain(`<unblock xmlns='${NS.blocking}'/>`);
    });

    it('tells those that ask for a node what was published and taken back, and nobody else', async () => {
      away.send(`<presence><c xmlns='${NS.caps}' hash='sha-1' node='urn:t' ver='x='/></presence>`);
      await away.expect(/^<presence from='dev1@/);
      await away.expect(/id='caps'/);
      await away.expect(/^<presence from='app@/);
      away.send(
        `<iq type='result' id='caps' to='example.org'><query xmlns='${NS.discoInfo}'><feature var='urn:n+notify'/></query></iq>`,
      );
      await ask('get', "<ping xmlns='urn:xmpp:ping'/>", 'example.org', away);
      for (const [node, id] of [
        ['urn:o', 'other'],
        ['urn:n', 'one'],
      ])
        await ask(
          'set',
          `<pubsub xmlns='${NS.pubsub}'><publish node='${node}'><item id='${id}'><c xmlns='urn:c'/></item></publish></pubsub>`,
        );
      expect(await told(away)).toMatch(
        /to='dev1@example.org\/tablet'.*<items node='urn:n'><item id='one'><c xmlns='urn:c'\/><\/item>/,
      );
      await ask(
        'set',
        `<pubsub xmlns='${NS.pubsub}'><retract node='urn:n' notify='1'><item id='one'/></retract></pubsub>`,
      );
      expect(await told(away)).toContain("<items node='urn:n'><retract id='one'/></items>");
      expect(news.at(-1)).toEqual({ kind: 'retracted', node: 'urn:n', ids: ['one'] });
      // Too late: it is gone.
      await second.server.tellAccount('dev1@example.org', { kind: 'published', node: 'urn:n', id: 'one' });
      expect(await away.expectSilence()).toBeUndefined();
    });
  });

  describe('XEP-0357', () => {
    const enable = (attrs: string, options = '') =>
      ask('set', `<enable xmlns='${NS.push}' ${attrs}>${options}</enable>`);
    const disable = (attrs: string) => ask('set', `<disable xmlns='${NS.push}' ${attrs}/>`);
    const kept = async () =>
      [...(await store.list('dev1', 'push'))].map(([name, value]) => pushServiceOf(name, value));
    const form = (type: string, more = ''): string =>
      `<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>${type}</value></field>${more}</x>`;
    const SECRET = "<field var='secret'><value>s&lt;1</value></field>";

    it('keeps the services with what is to go with each publication, until they are disabled', async () => {
      expect(
        (await enable("jid='Push.example' node='a'", form(NS.pubsubOptions, SECRET))).attrs['type'],
      ).toBe('result');
      await enable("jid='push.example' node='b'");
      await enable("jid='other.example'");
      expect(await kept()).toEqual([
        { service: 'push.example', node: 'a', options: { secret: ['s<1'] } },
        { service: 'push.example', node: 'b', options: {} },
        { service: 'other.example', node: undefined, options: {} },
      ]);
      await enable("jid='push.example' node='a'");
      await disable("jid='push.example' node='b'");
      expect((await kept()).map(({ node, options }) => [node, options])).toEqual([
        ['a', {}],
        [undefined, {}],
      ]);
      await enable("jid='push.example' node='b'");
      await disable("jid='push.example'");
      await eventually(() => expect(fixture.errors).toEqual([]));
      expect((await kept()).map(({ service }) => service)).toEqual(['other.example']);
    });

    it('refuses what names no service, a foreign form, and more than ten', async () => {
      expect(errorOf(await enable(''))).toBe('bad-request');
      expect(errorOf(await enable("jid='@'"))).toBe('bad-request');
      expect(errorOf(await enable("jid='dev1@example.org'"))).toBe('bad-request');
      expect(errorOf(await enable("jid='p.example'", form('urn:x')))).toBe('bad-request');
      expect(errorOf(await disable("jid='p.example'"))).toBe('item-not-found');
      expect(errorOf(await disable(''))).toBe('bad-request');
      for (let n = 0; n < 10; n++) await enable(`jid='p.example' node='${n}'`);
      expect(errorOf(await enable("jid='p.example' node='x'"))).toBe('resource-constraint');
      expect(errorOf(await enable("jid='p.example' node='0'"))).toBeUndefined();
    });
  });
});
