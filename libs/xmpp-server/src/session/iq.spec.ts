/* oxlint-disable jest/expect-expect -- what a scripted client expects is an assertion too */
import { createFixture, type Fixture } from '../testing/fixture.js';
import { ScriptedClient } from '../testing/scripted-client.js';
import { verificationString } from '../features/xep-0030-service-discovery.js';
import type { Position } from '../hooks.js';

const FULL = 'dev1@example.org/phone';
const PUBSUB = 'http://jabber.org/protocol/pubsub';
const GEOLOC = 'http://jabber.org/protocol/geoloc';
const STANZAS = 'urn:ietf:params:xml:ns:xmpp-stanzas';

interface Exchange {
  name: string;
  to?: string;
  type?: string;
  ask: string;
  /** Payload of the result, or the condition of the error. */
  result?: string | RegExp;
  error?: string;
}

describe('IQ (RFC 6120 §8.2.3): exactly one answer each', () => {
  let fixture: Fixture;
  let client: ScriptedClient;
  let positions: Position[];

  beforeEach(async () => {
    positions = [];
    fixture = createFixture({
      contact: { local: 'app', name: 'My <App>' },
      software: { name: 'Carillon', version: '1.2' },
      hooks: { onPosition: (_session, position) => positions.push(position) },
    });
    client = await ScriptedClient.attachedTo(fixture.server).logIn('dev1', 'phone');
  });
  afterEach(() => fixture.server.stop('system-shutdown', 100));

  const exchanges: Exchange[] = [
    {
      name: 'roster',
      ask: "<query xmlns='jabber:iq:roster'/>",
      result:
        "<query xmlns='jabber:iq:roster'><item jid='app@example.org' name='My &lt;App&gt;' subscription='both'/></query>",
    },
    {
      name: 'roster, addressed to the account',
      to: 'dev1@example.org',
      ask: "<query xmlns='jabber:iq:roster'/>",
      result: /<item jid='app@example\.org'/,
    },
    {
      name: 'roster with a version',
      ask: "<query xmlns='jabber:iq:roster' ver=''/>",
      result: /^<query xmlns='jabber:iq:roster' ver='[\w-]{16}'><item /,
    },
    {
      name: 'roster change',
      type: 'set',
      ask: "<query xmlns='jabber:iq:roster'><item jid='a@b'/></query>",
      error: 'not-allowed',
    },
    {
      name: 'server disco#info',
      to: 'example.org',
      ask: "<query xmlns='http://jabber.org/protocol/disco#info'/>",
      result:
        /^<query [^>]*><identity category='server' type='im' name='Carillon'\/><feature var='http:\/\/jabber.org\/protocol\/disco#info'\/>.*<feature var='urn:xmpp:ping'\/>/,
    },
    {
      name: 'account disco#info',
      to: 'dev1@example.org',
      ask: "<query xmlns='http://jabber.org/protocol/disco#info'/>",
      result: /category='account' type='registered'.*category='pubsub' type='pep'/,
    },
    {
      name: 'contact disco#info',
      to: 'app@example.org/x',
      ask: "<query xmlns='http://jabber.org/protocol/disco#info'/>",
      result: /<identity category='client' type='bot' name='My &lt;App&gt;'\/>.*urn:xmpp:receipts/,
    },
    {
      name: 'disco#info of a foreign node',
      to: 'example.org',
      ask: "<query xmlns='http://jabber.org/protocol/disco#info' node='x'/>",
      error: 'item-not-found',
    },
    {
      name: 'disco#items',
      to: 'example.org',
      ask: "<query xmlns='http://jabber.org/protocol/disco#items'/>",
      result: "<query xmlns='http://jabber.org/protocol/disco#items'/>",
    },
    { name: 'ping of the server', to: 'example.org', ask: "<ping xmlns='urn:xmpp:ping'/>", result: '' },
    { name: 'ping of the account', ask: "<ping xmlns='urn:xmpp:ping'/>", result: '' },
    { name: 'ping of the app', to: 'app@example.org', ask: "<ping xmlns='urn:xmpp:ping'/>", result: '' },
    {
      name: 'version',
      to: 'example.org',
      ask: "<query xmlns='jabber:iq:version'/>",
      result: "<query xmlns='jabber:iq:version'><name>Carillon</name><version>1.2</version></query>",
    },
    {
      name: 'time',
      to: 'example.org',
      ask: "<time xmlns='urn:xmpp:time'/>",
      result:
        /^<time xmlns='urn:xmpp:time'><tzo>\+00:00<\/tzo><utc>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ<\/utc><\/time>$/,
    },
    { name: 'carbons', type: 'set', ask: "<enable xmlns='urn:xmpp:carbons:2'/>", result: '' },
    {
      name: 'block list',
      ask: "<blocklist xmlns='urn:xmpp:blocking'/>",
      result: "<blocklist xmlns='urn:xmpp:blocking'/>",
    },
    {
      name: 'blocking',
      type: 'set',
      ask: "<block xmlns='urn:xmpp:blocking'><item jid='a@b'/></block>",
      error: 'not-allowed',
    },
    {
      name: 'private XML',
      ask: "<query xmlns='jabber:iq:private'><storage xmlns='storage:bookmarks'/></query>",
      result: "<query xmlns='jabber:iq:private'><storage xmlns='storage:bookmarks'/></query>",
    },
    { name: 'private XML of nothing', ask: "<query xmlns='jabber:iq:private'/>", error: 'bad-request' },
    {
      name: 'storing private XML',
      type: 'set',
      ask: "<query xmlns='jabber:iq:private'><storage xmlns='storage:bookmarks'/></query>",
      error: 'not-allowed',
    },
    { name: 'own vCard', ask: "<vCard xmlns='vcard-temp'/>", result: "<vCard xmlns='vcard-temp'/>" },
    {
      name: "the app's vCard",
      to: 'app@example.org',
      ask: "<vCard xmlns='vcard-temp'/>",
      result: "<vCard xmlns='vcard-temp'><FN>My &lt;App&gt;</FN></vCard>",
    },
    {
      name: 'PEP items',
      ask: `<pubsub xmlns='${PUBSUB}'><items node='storage:bookmarks'/></pubsub>`,
      error: 'item-not-found',
    },
    {
      name: 'publishing elsewhere',
      type: 'set',
      ask: `<pubsub xmlns='${PUBSUB}'><publish node='x'><item/></publish></pubsub>`,
      error: 'feature-not-implemented',
    },
    {
      name: 'a position',
      type: 'set',
      ask: `<pubsub xmlns='${PUBSUB}'><publish node='${GEOLOC}'><item id='1'><geoloc xmlns='${GEOLOC}'><lat>48.1</lat><lon>-11.5</lon><accuracy>20</accuracy></geoloc></item></publish></pubsub>`,
      result: `<pubsub xmlns='${PUBSUB}'><publish node='${GEOLOC}'><item id='1'/></publish></pubsub>`,
    },
    {
      name: 'a position off the globe',
      type: 'set',
      ask: `<pubsub xmlns='${PUBSUB}'><publish node='${GEOLOC}'><item><geoloc xmlns='${GEOLOC}'><lat>98</lat><lon>0</lon></geoloc></item></publish></pubsub>`,
      error: 'bad-request',
    },
    {
      name: 'the end of sharing',
      type: 'set',
      ask: `<pubsub xmlns='${PUBSUB}'><publish node='${GEOLOC}'><item><geoloc xmlns='${GEOLOC}'/></item></publish></pubsub>`,
      result: /<item id='current'\/>/,
    },
    {
      name: 'who one is',
      ask: "<query xmlns='jabber:iq:register'/>",
      result: "<query xmlns='jabber:iq:register'><registered/><username>dev1</username><password/></query>",
    },
    {
      name: 'a new password',
      type: 'set',
      ask: "<query xmlns='jabber:iq:register'><username>dev1</username><password>x</password></query>",
      error: 'not-allowed',
    },
    {
      name: 'privacy lists (XEP-0016)',
      ask: "<query xmlns='jabber:iq:privacy'/>",
      error: 'service-unavailable',
    },
    {
      name: 'an archive (XEP-0313)',
      type: 'set',
      ask: "<query xmlns='urn:xmpp:mam:2'/>",
      error: 'service-unavailable',
    },
    {
      name: 'something unknown',
      type: 'set',
      to: 'example.org',
      ask: "<x xmlns='urn:x'/>",
      error: 'service-unavailable',
    },
    {
      name: 'the wrong type of a known request',
      type: 'set',
      ask: "<ping xmlns='urn:xmpp:ping'/>",
      error: 'service-unavailable',
    },
    {
      name: 'another user',
      to: 'dev2@example.org',
      ask: "<vCard xmlns='vcard-temp'/>",
      error: 'service-unavailable',
    },
    {
      name: "another user's device",
      to: 'dev2@example.org/phone',
      ask: "<ping xmlns='urn:xmpp:ping'/>",
      error: 'service-unavailable',
    },
    {
      name: 'an absent resource of the own account',
      to: 'dev1@example.org/none',
      ask: "<ping xmlns='urn:xmpp:ping'/>",
      error: 'service-unavailable',
    },
    {
      name: 'another server',
      to: 'example.com',
      ask: "<ping xmlns='urn:xmpp:ping'/>",
      error: 'remote-server-not-found',
    },
    { name: 'a JID that is none', to: '@/', ask: "<ping xmlns='urn:xmpp:ping'/>", error: 'jid-malformed' },
    { name: 'no child', to: 'example.org', ask: '', error: 'bad-request' },
    {
      name: 'two children',
      to: 'example.org',
      ask: "<a xmlns='urn:x'/><b xmlns='urn:x'/>",
      error: 'bad-request',
    },
    { name: 'no such type', type: 'subscribe', ask: "<ping xmlns='urn:xmpp:ping'/>", error: 'bad-request' },
    {
      name: 'androidpn, which is off',
      type: 'set',
      ask: "<setalias xmlns='androidpn:iq:setalias'><alias>x</alias></setalias>",
      error: 'service-unavailable',
    },
  ];

  const literal = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

  const expectedAnswer = ({ to, result, error }: Exchange): RegExp => {
    const sender = to ? literal(` from='${to}'`) : '';
    if (error) {
      return new RegExp(
        `^<iq${sender} to='${FULL}' id='q1' type='error'><error .*<${error} xmlns='${STANZAS}'/>`,
      );
    }
    const head = literal(`<iq type='result' id='q1' to='${FULL}'`) + sender;
    if (result === '') return new RegExp(`^${head}/>$`);
    const payload = typeof result === 'string' ? literal(result) : result!.source.replace(/^\^|\$$/g, '');
    return new RegExp(`^${head}>.*${payload}.*</iq>$`);
  };

  it.each(exchanges)('$name', async (exchange) => {
    const { to, type = 'get', ask } = exchange;
    client.send(`<iq type='${type}' id='q1'${to ? ` to='${to}'` : ''}>${ask}</iq>`);
    await client.expect(expectedAnswer(exchange));
    await client.expectSilence();
  });

  it('refuses a request without an id', async () => {
    client.send("<iq type='get'><ping xmlns='urn:xmpp:ping'/></iq>");
    await client.expect(/^<iq to='[^']*' type='error'><error code='400' type='modify'><bad-request /);
  });

  it('never answers an answer', async () => {
    client.send(
      "<iq type='result' id='x' to='example.org'/><iq type='error' id='y' to='dev2@example.org/phone'/>",
    );
    await client.expectSilence();
  });

  it('tells the position, but not that sharing ended', async () => {
    const publish = (geoloc: string): void =>
      client.send(
        `<iq type='set' id='p'><pubsub xmlns='${PUBSUB}'><publish node='${GEOLOC}'><item>${geoloc}</item></publish></pubsub></iq>`,
      );
    publish(`<geoloc xmlns='${GEOLOC}'><lat>48.1</lat><lon>-11.5</lon><accuracy>20</accuracy></geoloc>`);
    publish(`<geoloc xmlns='${GEOLOC}'/>`);
    await client.next();
    await client.next();
    expect(positions).toEqual([
      { lat: 48.1, lon: -11.5, accuracy: 20, altitude: undefined, timestamp: undefined },
    ]);
  });

  it('says nothing new to a client that has the current roster', async () => {
    client.send("<iq type='get' id='1'><query xmlns='jabber:iq:roster' ver=''/></iq>");
    const ver = (await client.nextElement()).child('query', 'jabber:iq:roster')!.attrs['ver'];
    client.send(`<iq type='get' id='2'><query xmlns='jabber:iq:roster' ver='${ver}'/></iq>`);
    await client.expect(`<iq type='result' id='2' to='${FULL}'/>`);
  });

  it('answers disco#info for the node that its capabilities name (XEP-0115)', async () => {
    const other = ScriptedClient.attachedTo(fixture.server);
    const plain = Buffer.from("\0dev1\0dev1's token").toString('base64');
    await other.open();
    other.send(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${plain}</auth>`);
    await other.next();
    const [, node, ver] = /<c [^>]*node='([^']*)' ver='([^']*)'/.exec(await other.open())!;
    client.send(
      `<iq type='get' id='1' to='example.org'><query xmlns='http://jabber.org/protocol/disco#info' node='${node}#${ver}'/></iq>`,
    );
    const query = (await client.nextElement()).elements[0]!;
    expect(query.attrs['node']).toBe(`${node}#${ver}`);
    const vars = query.elements.filter((each) => each.name === 'feature').map((each) => each.attrs['var']!);
    expect(verificationString('server', 'im', 'Carillon', vars)).toBe(ver);
  });

  it('passes between resources of one account, and back', async () => {
    const tablet = await ScriptedClient.attachedTo(fixture.server).logIn('dev1', 'tablet');
    client.send(
      "<iq type='get' id='1' to='dev1@example.org/tablet' from='forged@example.org'><q xmlns='urn:x'><y/></q></iq>",
    );
    await tablet.expect(
      `<iq type='get' id='1' to='dev1@example.org/tablet' from='${FULL}'><q xmlns='urn:x'><y/></q></iq>`,
    );
    tablet.send(`<iq type='result' id='1' to='${FULL}'/>`);
    await client.expect(`<iq type='result' id='1' to='${FULL}' from='dev1@example.org/tablet'/>`);
  });
});
