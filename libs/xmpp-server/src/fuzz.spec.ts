import { InMemoryAccountStore } from './account/account-store.js';
import { WEB } from './testing/bosh-client.js';
import { createFixture, eventually, type Fixture } from './testing/fixture.js';
import { ScriptedClient, HEADER, SECURE } from './testing/scripted-client.js';
import { InMemoryFastTokens } from './testing/in-memory-fast-tokens.js';
import { duplexPair } from './testing/duplex-pair.js';
import { NS } from './stream/namespaces.js';

const STREAMS = 100_000;
const BODIES = 30_000;
const BATCH = 500;

const plain = Buffer.from("\0dev1\0dev1's token").toString('base64');
const LOG_IN =
  `${HEADER}<auth xmlns='${NS.sasl}' mechanism='PLAIN'>${plain}</auth>${HEADER}` +
  `<iq type='set' id='b'><bind xmlns='${NS.bind}'/></iq>`;

/** What the mutations start from: every element that the server knows, and some that it does not. */
const CORPUS: readonly string[] = [
  `<?xml version='1.0'?>${HEADER}`,
  `${HEADER}<auth xmlns='${NS.sasl}' mechanism='SCRAM-SHA-1'>biwsbj1kZXYxLHI9YWJj</auth><response xmlns='${NS.sasl}'>Yz1iaXdz</response>`,
  `${HEADER}<authenticate xmlns='${NS.sasl2}' mechanism='PLAIN'><initial-response>${plain}</initial-response><user-agent id='u'/><bind xmlns='${NS.bind2}'><tag>t</tag><enable xmlns='${NS.sm}' resume='true'/><inactive xmlns='${NS.csi}'/></bind><request-token xmlns='${NS.fast}' mechanism='HT-SHA-256-NONE'/></authenticate><presence/>`,
  `${HEADER}<authenticate xmlns='${NS.sasl2}' mechanism='HT-SHA-256-NONE'><initial-response>${plain}</initial-response><user-agent id='u'/><fast xmlns='${NS.fast}' count='1'/><resume xmlns='${NS.sm}' previd='x' h='0'/></authenticate>`,
  `${HEADER}<authenticate xmlns='${NS.sasl2}' mechanism='SCRAM-SHA-256'><initial-response>biwsbj1kZXYxLHI9YWJj</initial-response></authenticate><response xmlns='${NS.sasl2}'>Yz1iaXdz</response><abort xmlns='${NS.sasl2}'/>`,
  `${HEADER}<iq type='set' id='r'><query xmlns='jabber:iq:register'><username>n</username><password>p</password></query></iq>`,
  `${HEADER}<iq type='set' id='l'><query xmlns='jabber:iq:auth'><username>dev1</username><password>dev1's token</password><resource>r</resource></query></iq>`,
  `${LOG_IN}<enable xmlns='${NS.sm}' resume='true'/><r xmlns='${NS.sm}'/><a xmlns='${NS.sm}' h='0'/>`,
  `${LOG_IN}<presence><priority>5</priority></presence><presence type='subscribe' to='app@example.org'/><presence type='unavailable'/>`,
  `${LOG_IN}<message to='app@example.org' type='chat' id='m'><body>x</body><json xmlns='urn:xmpp:json:0'>{}</json></message>`,
  `${LOG_IN}<message to='dev1@example.org' xml:lang='de'><received xmlns='urn:xmpp:receipts' id='n1'/><stanza-id xmlns='urn:xmpp:sid:0'/></message>`,
  `${LOG_IN}<iq type='get' id='1'><query xmlns='jabber:iq:roster' ver=''/></iq><iq type='get' id='2' to='example.org'><ping xmlns='urn:xmpp:ping'/></iq>`,
  `${LOG_IN}<iq type='set' id='1'><pubsub xmlns='${NS.pubsub}'><publish node='${NS.geoloc}'><item><geoloc xmlns='${NS.geoloc}'><lat>1</lat><lon>2</lon></geoloc></item></publish></pubsub></iq>`,
  `${LOG_IN}<iq type='set' id='1'><query xmlns='${NS.privateXml}'><a xmlns='urn:a'>x</a></query></iq><iq type='get' id='2'><query xmlns='${NS.privateXml}'><a xmlns='urn:a'/></query></iq>`,
  `${LOG_IN}<iq type='set' id='1'><block xmlns='${NS.blocking}'><item jid='dev2@example.org'/></block></iq><iq type='get' id='2'><blocklist xmlns='${NS.blocking}'/></iq><message to='dev2@example.org'><body>x</body></message>`,
  `${LOG_IN}<iq type='set' id='1'><pubsub xmlns='${NS.pubsub}'><publish node='n'><item id='i'><a xmlns='urn:a'/></item></publish><publish-options><x xmlns='${NS.dataForms}' type='submit'><field var='pubsub#max_items'><value>3</value></field></x></publish-options></pubsub></iq><iq type='get' id='2'><pubsub xmlns='${NS.pubsub}'><items node='n'/></pubsub></iq>`,
  `${LOG_IN}<iq type='set' id='1'><enable xmlns='${NS.push}' jid='p.example' node='n'><x xmlns='${NS.dataForms}' type='submit'><field var='FORM_TYPE'><value>${NS.pubsubOptions}</value></field></x></enable></iq><iq type='set' id='2'><disable xmlns='${NS.push}' jid='p.example'/></iq>`,
  `${LOG_IN}<inactive xmlns='urn:xmpp:csi:0'/><presence/><active xmlns='urn:xmpp:csi:0'/></stream:stream>`,
  `${LOG_IN}<iq type='set' id='1'><x:settags xmlns:x='androidpn:iq:settags'><x:tags>a,b<![CDATA[,c]]></x:tags></x:settags></iq>`,
];
const SPLICES = [
  '<',
  '>',
  '/',
  "'",
  '"',
  '&',
  ';',
  '&#0;',
  '<!--',
  ']]>',
  '<![CDATA[',
  '<?',
  '</stream:stream>',
  '\0',
  '\xff',
  ' xmlns:',
  '=',
  "h='4294967295'",
  HEADER,
];

type Random = (below: number) => number;

/** Park and Miller's generator: the same streams in every run. */
function generator(seed: number): Random {
  let state = seed;
  return (below) => (state = (state * 48271) % 2147483647) % below;
}

/** Two of three get past log-in. */
function mutatedStream(random: Random): Buffer {
  const bytes = Buffer.from(CORPUS[random(CORPUS.length)]!);
  const kept = random(3) > 0 ? Math.min(LOG_IN.length, bytes.length) : 0;
  return mutate(random, bytes, kept, CORPUS);
}

function mutate(random: Random, original: Buffer, kept: number, corpus: readonly string[]): Buffer {
  let bytes = original;
  for (let count = random(4); count >= 0; count--) {
    const at = kept + random(Math.max(1, bytes.length + 1 - kept));
    const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)];
    const kind = random(5);
    if (kind === 0)
      bytes = Buffer.concat([head, Buffer.from(SPLICES[random(SPLICES.length)]!, 'latin1'), tail]);
    else if (kind === 1) bytes = Buffer.concat([head, tail.subarray(1 + random(20))]);
    else if (kind === 2) bytes = Buffer.concat([head, bytes.subarray(random(at + 1), at), tail]);
    else if (kind === 3) bytes = Buffer.concat([head, Buffer.from([random(256)]), tail.subarray(1)]);
    else bytes = Buffer.concat([head, Buffer.from(corpus[random(corpus.length)]!).subarray(random(200))]);
  }
  return bytes;
}

describe('mutated streams', () => {
  let fixture: Fixture;
  const bound = { opened: 0, closed: 0 };

  beforeAll(() => {
    fixture = createFixture({
      androidpn: true,
      registration: 'open',
      accountStore: new InMemoryAccountStore(),
      limits: { detachedSessions: 50, resourcesPerAccount: 1000 },
      hooks: {
        onBound: () => bound.opened++,
        onClosed: () => bound.closed++,
        onDetached: () => {},
        onAvailable: (session) => void session.deliver({ id: 'n1', cookie: 1, stanza: "<message id='n1'/>" }),
        register: async () => ({ ok: true }),
        fast: new InMemoryFastTokens(),
        onMessage: () => 'route',
        onPosition: () => {},
      },
    });
  });

  /** Plays one stream in a few pieces and hangs up. */
  const play = async (random: Random): Promise<void> => {
    const [near, far] = duplexPair();
    near.on('error', () => {}).resume();
    // From everywhere: the failures of one address slow down its log-ins.
    fixture.server.attach(far, { ...SECURE, address: `10.0.${random(256)}.${random(256)}` });
    const input = mutatedStream(random);
    for (let at = 0; at < input.length;) {
      const size = 1 + random(input.length);
      near.write(input.subarray(at, at + size));
      at += size;
      if (random(4) === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve));
    near.destroy();
  };

  it(`never break the server: ${STREAMS} of them, seeded`, async () => {
    const random = generator(20260131);
    for (let done = 0; done < STREAMS; done += BATCH) {
      await Promise.all(Array.from({ length: BATCH }, () => play(random)));
    }
    await eventually(() => expect(fixture.server.connectionCount).toBe(0));
    expect(fixture.errors).toEqual([]);
    expect(bound.opened).toBeGreaterThan(STREAMS / 10);
    const client = await ScriptedClient.attachedTo(fixture.server).logIn('dev2', 'phone');
    await client.comeOnline();
    await fixture.server.stop('system-shutdown', 500);
    expect(bound.closed).toBe(bound.opened);
    for (const user of ['dev1', 'dev2', 'dev3', 'n']) {
      expect(fixture.server.sessionsOf(`${user}@example.org`)).toEqual([]);
    }
  }, 300_000);
});

/** What BOSH clients send, in order; `SID` stands for the session's, `RID` for the next request id. */
const BOSH_HEAD = `<body rid='RID' sid='SID' xmlns='${NS.httpBind}'`;
const BOSH_BEGIN = `<body rid='RID' to='example.org' wait='1' hold='1' ver='1.6' xmpp:version='1.0' xmlns:xmpp='${NS.xbosh}' xmlns='${NS.httpBind}'/>`;
const BOSH_LOG_IN: readonly string[] = [
  `${BOSH_HEAD}><auth xmlns='${NS.sasl}' mechanism='PLAIN'>${plain}</auth></body>`,
  `${BOSH_HEAD} to='example.org' xmpp:restart='true' xmlns:xmpp='${NS.xbosh}'/>`,
  `${BOSH_HEAD}><iq xmlns='${NS.client}' type='set' id='b'><bind xmlns='${NS.bind}'/></iq></body>`,
];
const BOSH_CORPUS: readonly string[] = [
  `${BOSH_HEAD}/>`,
  `${BOSH_HEAD} type='terminate'><presence xmlns='${NS.client}' type='unavailable'/></body>`,
  `${BOSH_HEAD} pause='1'/>`,
  `${BOSH_HEAD} ack='1573741820' newkey='ca393b51b682f61f98e7877d61146407f3d0a770' key='x'/>`,
  `${BOSH_HEAD}><presence xmlns='${NS.client}'/><message xmlns='${NS.client}' to='app@example.org'><body>x</body></message></body>`,
  `${BOSH_HEAD}><iq xmlns='${NS.client}' type='get' id='1'><ping xmlns='${NS.ping}'/></iq></body>`,
  `${BOSH_HEAD}><enable xmlns='${NS.sm}' resume='true'/></body>`,
  `<body rid='RID' sid='SID' content='text/html' to='example.org' route='xmpp:a:1' xml:lang='x' xmlns='${NS.httpBind}'/>`,
];

describe('mutated BOSH bodies (XEP-0124)', () => {
  let fixture: Fixture;
  let closed = 0;
  let opened = 0;

  beforeAll(() => {
    fixture = createFixture({
      limits: { resourcesPerAccount: 100_000, sweepIntervalMs: 20, detachedSessions: 50 },
      hooks: { onBound: () => opened++, onClosed: () => closed++, onDetached: () => {} },
    });
    fixture.server.start();
  });

  /** Some requests of one session, most of them well-formed up to the end of log-in; nobody waits for the last answers. */
  const play = async (random: Random): Promise<number> => {
    const gone = new AbortController();
    let [rid, sid] = [1 + random(1_000_000), 'none'];
    const send = async (text: string, mutated: boolean): Promise<void> => {
      const filled = Buffer.from(text.replace('RID', String(rid++)).replace('SID', sid));
      const body = mutated ? mutate(random, filled, 0, BOSH_CORPUS) : filled;
      const peer = { ...WEB, address: `10.1.${random(256)}.${random(256)}` };
      const answered = fixture.server.onBoshRequest(body, peer, { gone: gone.signal });
      const answer = await Promise.race([
        answered,
        new Promise<undefined>((pass) => void setImmediate(pass, undefined)),
      ]);
      sid = /sid='([\w-]+)'/.exec(answer?.body ?? '')?.[1] ?? sid;
    };
    const good = random(3) > 0 ? [BOSH_BEGIN, ...BOSH_LOG_IN] : [BOSH_BEGIN].slice(random(2));
    for (const each of good) await send(each, false);
    const bad = 1 + random(5);
    for (let i = 0; i < bad; i++)
      await send([...BOSH_CORPUS, ...BOSH_LOG_IN, BOSH_BEGIN][random(BOSH_CORPUS.length + 4)]!, true);
    gone.abort();
    await send(`${BOSH_HEAD} type='terminate'/>`, false);
    return good.length + bad;
  };

  it(`never break the server: ${BODIES} of them, seeded`, async () => {
    const random = generator(20260204);
    let sent = 0;
    while (sent < BODIES) {
      const some = await Promise.all(Array.from({ length: 100 }, () => play(random)));
      sent += some.reduce((sum, each) => sum + each, 0);
    }
    expect(fixture.errors).toEqual([]);
    expect(opened).toBeGreaterThan(BODIES / 20);
    await fixture.server.stop('system-shutdown', 500);
    expect(fixture.server.connectionCount).toBe(0);
    expect(closed).toBe(opened);
  }, 120_000);
});
