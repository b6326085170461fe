import { createHash } from 'node:crypto';
import type { Element } from '../stanza/element.js';
import { BoshClient, WEB } from '../testing/bosh-client.js';
import { createFixture, eventually, type Fixture } from '../testing/fixture.js';
import { CLEAR } from '../testing/scripted-client.js';
import { NS } from '../stream/namespaces.js';

const iq = (id: string): string =>
  `<iq xmlns='${NS.client}' type='get' id='${id}'><ping xmlns='${NS.ping}'/></iq>`;
const idsIn = (body: Element): (string | undefined)[] => body.elements.map(({ attrs }) => attrs['id']);
const ends = (condition: string) => ({ type: 'terminate', condition });
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

let fixture: Fixture;
let client: BoshClient;
const attach = (options: Parameters<typeof createFixture>[0] = {}): void => {
  fixture = createFixture({ ...options, limits: { sweepIntervalMs: 10, ...options.limits } });
  fixture.server.start();
  client = new BoshClient(fixture.server);
};
const push = (id: string, body = 'x') =>
  fixture.server
    .session('dev1@example.org')!
    .deliver({ id, cookie: id, stanza: `<message id='${id}'><body>${body}</body></message>` });
const online = async (options?: Parameters<typeof createFixture>[0], attributes?: string): Promise<void> => {
  attach(options);
  await client.logIn('dev1', 'web', attributes);
  await client.send(`<presence xmlns='${NS.client}'/>`).body;
};
afterEach(() => fixture.server.stop('system-shutdown', 20));

describe('a BOSH session (XEP-0124 §7, XEP-0206)', () => {
  it('begins with its terms, the stream and its features', async () => {
    attach();
    const body = await client.begin("wait='300' hold='4' ver='1.20' from='dev1@example.org' ack='1'");
    expect(body.attrs).toEqual({
      sid: expect.stringMatching(/^[\w-]{24}$/),
      wait: '60',
      requests: '2',
      hold: '1',
      inactivity: '60',
      polling: '2',
      maxpause: '120',
      ver: '1.11',
      ack: '1573741820',
      from: 'example.org',
      authid: expect.any(String),
      secure: 'true',
      charsets: 'UTF-8',
    });
    expect(body.elements[0]!.is('features', NS.streams)).toBe(true);
    expect(body.elements[0]!.child('mechanisms', NS.sasl)).toBeDefined();
    expect(body.elements[0]!.child('starttls', NS.tls)).toBeUndefined();
  });

  it('takes less, and an older version, when the client asks for it', async () => {
    attach();
    const { attrs } = await client.begin("wait='5' hold='0' ver='1.6'");
    expect(attrs).toMatchObject({ wait: '5', hold: '0', requests: '2', ver: '1.6' });
  });

  it('logs in, restarts the stream, binds, takes a push and its receipt', async () => {
    await online();
    const held = client.send();
    expect(push('n1')).toBe('written');
    const body = await held.body;
    expect(body.elements[0]!.is('message', NS.client)).toBe(true);
    expect(idsIn(body)).toEqual(['n1', 'fence-1']);
    const answer = client.send(`<iq xmlns='${NS.client}' type='result' id='fence-1'/>`);
    await eventually(() => expect(fixture.acknowledged).toEqual([['n1', 'ping']]));
    expect(answer.answered).toBe(false);
  });

  it('keeps what is written while no request is open', async () => {
    await online();
    push('n1');
    push('n2');
    await pause(5);
    expect(idsIn(await client.send().body)).toEqual(['n1', 'n2', 'fence-1']);
  });

  it('takes stanzas that do not name their namespace, and ones with prefixes that the body declares', async () => {
    await online();
    const answer = await client.send(
      "<iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq><c:iq type='get' id='2'><p:ping/></c:iq>",
      "xmlns:c='jabber:client' xmlns:p='urn:xmpp:ping'",
    ).body;
    expect(idsIn(answer)).toEqual(['1', '2']);
    expect(answer.elements.map(({ attrs }) => attrs['type'])).toEqual(['result', 'result']);
  });

  it('takes a declaration before the body, and white space within', async () => {
    await online();
    const body = `<?xml version='1.0'?><body rid='${client.rid++}' sid='${client.sid}' xmlns='${NS.httpBind}'>\n ${iq('1')}\n</body>\n`;
    expect(idsIn(await client.raw(body).body)).toEqual(['1']);
  });

  it('answers with the media type that the client asked for, but never with a page', async () => {
    attach();
    const begin = async (content: string) =>
      (await client.send('', `to='example.org' wait='1' hold='1' ver='1.6' content='${content}'`).response)!
        .contentType;
    expect(await begin('text/plain; charset=utf-8')).toBe('text/plain; charset=utf-8');
    expect(await begin('text/html')).toBe('text/xml; charset=utf-8');
  });

  it('holds a big output back, and hands it out in parts', async () => {
    await online({ limits: { unacknowledged: 1000 } });
    for (let i = 0; i < 20; i++) push(`n${i}`, 'x'.repeat(10_000));
    const ids: (string | undefined)[] = [];
    while (ids.length < 20) ids.push(...idsIn(await client.send().body).filter((id) => id!.startsWith('n')));
    expect(ids).toEqual(Array.from({ length: 20 }, (_, i) => `n${i}`));
  });

  it('counts where its connections are counted, from its first request to its end', async () => {
    attach();
    let places = 1;
    const admit = () => (places > 0 ? (places--, () => void places++) : undefined);
    client = new BoshClient(fixture.server, WEB, admit);
    await client.begin();
    expect((await new BoshClient(fixture.server, WEB, admit).begin()).attrs).toEqual(
      ends('policy-violation'),
    );
    await client.send('', "type='terminate'").body;
    expect(places).toBe(1);
  });

  it.each([
    ['required', ends('remote-stream-error')],
    ['optional', { sid: expect.any(String) }],
  ] as const)('over clear HTTP, with TLS %s, begins as TCP does', async (tls, attrs) => {
    attach({ tls });
    client = new BoshClient(fixture.server, { ...CLEAR, transport: 'bosh' });
    const body = await client.begin();
    expect(body.attrs).toMatchObject(attrs);
    expect(body.attrs['secure']).toBeUndefined();
  });
});

describe('requests (XEP-0124 §8)', () => {
  it('are held one at a time: the older one is answered when another comes', async () => {
    await online({ limits: { bosh: { pollingSeconds: 0 } } });
    const [first, second] = [client.send(), client.send()];
    expect((await first.body).attrs).toEqual({ ack: String(second.rid) });
    await pause(20);
    expect(second.answered).toBe(false);
  });

  it('are held no longer than the client will wait', async () => {
    await online({}, "wait='1' hold='1' ver='1.6'");
    const began = Date.now();
    const { attrs, children } = await client.send().body;
    expect([attrs, children]).toEqual([{}, []]);
    expect(Date.now() - began).toBeGreaterThan(800);
  });

  it('that come in another order are read in theirs', async () => {
    await online();
    const rid = client.rid;
    const late = client.request(rid + 1, iq('second'));
    await pause(10);
    expect(late.answered).toBe(false);
    const early = client.request(rid, iq('first'));
    expect(idsIn(await early.body)).toEqual(['first', 'second']);
  });

  it('that come again get the same answer again', async () => {
    await online();
    const exchange = client.send(iq('1'));
    const first = (await exchange.response)!;
    const again = client.request(exchange.rid, iq('1'));
    expect((await again.response)!.body).toBe(first.body);
    expect(idsIn(await client.send(iq('2')).body)).toEqual(['2']);
  });

  it('that come again while they are held take over from the connection before', async () => {
    await online();
    const first = client.send();
    first.break();
    expect(await first.response).toBeUndefined();
    push('n1');
    const again = client.request(first.rid);
    expect(idsIn(await again.body)).toEqual(['n1', 'fence-1']);
  });

  it('lose nothing when the connection breaks with the answer under way', async () => {
    await online();
    const lost = client.send();
    push('n1');
    const { body } = (await lost.response)!;
    expect((await client.request(lost.rid).response)!.body).toBe(body);
  });

  it.each([
    ['beyond the window', 3],
    ['long past', -30],
  ])('%s end the session', async (_, offset) => {
    await online();
    const held = client.send();
    expect((await client.request(client.rid + offset - (offset > 0 ? 1 : 0)).body).attrs).toEqual(
      ends('item-not-found'),
    );
    expect((await held.body).attrs).toEqual(ends('item-not-found'));
    expect(fixture.events.at(-1)).toBe('closed dev1/web: connection-lost');
    expect((await client.send().body).attrs).toEqual(ends('item-not-found'));
  });

  it('in a greater number than agreed end the session', async () => {
    attach({ hooks: { authenticate: () => new Promise(() => {}) } });
    await client.begin();
    client.send(`<auth xmlns='${NS.sasl}' mechanism='PLAIN'>AGEAYg==</auth>`);
    client.send(iq('1'));
    expect((await client.send(iq('2')).body).attrs).toEqual(ends('policy-violation'));
  });

  it('of a client from before versions are refused by HTTP status', async () => {
    await online({}, "wait='5' hold='1'");
    const answer = (await client.request(client.rid + 9).response)!;
    expect([answer.status, answer.body]).toEqual([404, expect.stringContaining('item-not-found')]);
  });
});

describe('acknowledgements (XEP-0124 §9)', () => {
  it('tell of an answer that the client seems to have missed', async () => {
    await online({}, "wait='60' hold='1' ver='1.6' ack='1'");
    const missed = client.send(iq('1'));
    await missed.body;
    const { now } = Date;
    Date.now = () => now() + 5_000;
    try {
      const body = await client.send('', `ack='${missed.rid - 1}'`).body;
      expect(body.attrs).toEqual({ report: String(missed.rid), time: expect.stringMatching(/^5\d\d\d$/) });
      expect(idsIn(await client.request(missed.rid).body)).toEqual(['1']);
    } finally {
      Date.now = now;
    }
  });
});

describe('silence and haste (XEP-0124 §10 to §12)', () => {
  it('a session without requests ends after its time, without a word', async () => {
    await online({ limits: { bosh: { inactivitySeconds: 0.1 } } });
    await eventually(() => expect(fixture.events.at(-1)).toBe('closed dev1/web: connection-lost'));
    expect((await client.send().body).attrs).toEqual(ends('item-not-found'));
    expect(fixture.server.connectionCount).toBe(0);
  });

  it('a request whose connection is gone counts as none', async () => {
    await online({ limits: { bosh: { inactivitySeconds: 0.1 } } });
    const held = client.send();
    await pause(300);
    expect(fixture.events.at(-1)).toBe('available dev1/web');
    held.break();
    await eventually(() => expect(fixture.events.at(-1)).toBe('closed dev1/web: connection-lost'));
  });

  it('a pause frees all requests, and allows a longer silence', async () => {
    await online({ limits: { bosh: { inactivitySeconds: 0.1 } } });
    const held = client.send();
    const answer = await client.send('', "pause='2'").body;
    expect([answer.attrs, answer.children]).toEqual([{}, []]);
    await held.body;
    push('n1');
    await pause(400);
    expect(idsIn(await client.send().body)).toEqual(['n1', 'fence-1']);
    await eventually(() => expect(fixture.events.at(-1)).toBe('closed dev1/web: connection-lost'));
  });

  it.each([
    ['121', 'policy-violation'],
    ['long', 'bad-request'],
  ])('a pause of %s seconds is refused', async (seconds, condition) => {
    await online();
    expect((await client.send('', `pause='${seconds}'`).body).attrs).toEqual(ends(condition));
  });

  it('empty requests while one is held end the session when they come too fast', async () => {
    await online();
    client.send();
    expect((await client.send().body).attrs).toEqual(ends('policy-violation'));
  });

  it('a polling session is answered at once, and may not poll too often', async () => {
    await online({}, "wait='0' hold='0' ver='1.6'");
    push('n1');
    expect(idsIn(await client.send().body)).toEqual(['n1', 'fence-1']);
    expect((await client.send().body).children).toEqual([]);
    expect(idsIn(await client.send(iq('1')).body)).toEqual(['1']);
    expect((await client.send().body).children).toEqual([]);
    expect((await client.send().body).attrs).toEqual(ends('policy-violation'));
  });

  it('a look for timeouts in a slow turn of the event loop takes no answer away', async () => {
    await online({}, "wait='0' hold='0' ver='1.6'");
    const asked = client.send(iq('1'));
    for (const end = Date.now() + 30; Date.now() < end;);
    expect(idsIn(await asked.body)).toEqual(['1']);
  });

  it('a client that sends faster than it may is answered more slowly', async () => {
    await online({ limits: { bytesPerSecond: 20_000 } });
    const began = Date.now();
    for (let i = 0; i < 6; i++)
      await client.send(`<presence xmlns='${NS.client}'><status>${'x'.repeat(10_000)}</status></presence>`)
        .body;
    expect(Date.now() - began).toBeGreaterThan(500);
  });
});

describe('keys (XEP-0124 §15)', () => {
  const sequence = (seed: string, length: number): string[] => {
    const keys = [seed];
    for (let i = 0; i < length; i++) keys.unshift(createHash('sha1').update(keys[0]!).digest('hex'));
    return keys;
  };

  it('go on with their sequence, and with the next', async () => {
    attach({ limits: { saslAttempts: 9 } });
    const [first, second] = [sequence('a', 3), sequence('b', 3)];
    await client.begin(`wait='60' hold='0' ver='1.6' newkey='${first[0]}'`);
    const ask = (attributes: string) =>
      client.send(`<auth xmlns='${NS.sasl}' mechanism='X'/>`, attributes).body;
    expect((await ask(`key='${first[1]}'`)).attrs).toEqual({});
    expect((await ask(`key='${first[2]}' newkey='${second[0]}'`)).attrs).toEqual({});
    expect((await ask(`key='${second[1]}'`)).attrs).toEqual({});
  });

  it.each(['', "key='0123'"])('that are wrong end the session (%s)', async (key) => {
    attach();
    await client.begin(`wait='60' hold='1' ver='1.6' newkey='${sequence('a', 2)[0]}'`);
    expect((await client.send(iq('1'), key).body).attrs).toEqual(ends('item-not-found'));
    expect(fixture.server.connectionCount).toBe(0);
  });
});

describe('the end (XEP-0124 §13, §17)', () => {
  it('by the client, with what it has to say', async () => {
    await online();
    const held = client.send();
    const last = client.send(`<presence xmlns='${NS.client}' type='unavailable'/>`, "type='terminate'");
    expect((await held.body).attrs).toEqual({ type: 'terminate' });
    expect((await last.body).attrs).toEqual({ type: 'terminate' });
    expect(fixture.events.slice(-2)).toEqual(['unavailable dev1/web', 'closed dev1/web: closed-by-client']);
    expect(fixture.server.connectionCount).toBe(0);
  });

  it('by a stream error, whose parts stand by themselves', async () => {
    await online();
    const body = await client.send('<nonsense xmlns="urn:x"/>').body;
    expect(body.attrs).toEqual(ends('remote-stream-error'));
    expect(body.elements.map(({ name, ns }) => [name, ns])).toEqual([
      ['unsupported-stanza-type', NS.streamErrors],
    ]);
  });

  it('waits for the next request when none is open', async () => {
    await online();
    push('n1');
    fixture.server.disconnect('dev1@example.org', 'conflict');
    const body = await client.send().body;
    expect(body.attrs).toEqual(ends('remote-stream-error'));
    expect(body.elements.map(({ name }) => name)).toEqual(['message', 'conflict']);
    expect(fixture.server.connectionCount).toBe(0);
  });

  it('comes with the server, and new sessions do not', async () => {
    await online();
    const held = client.send();
    const stopped = fixture.server.stop('system-shutdown', 1000);
    expect((await held.body).attrs).toEqual(ends('system-shutdown'));
    await stopped;
    expect((await new BoshClient(fixture.server).begin()).attrs).toEqual(ends('system-shutdown'));
  });

  it('of a slow log-in', async () => {
    attach({ limits: { handshakeTimeoutMs: 50 } });
    await client.begin();
    const body = await client.send().body;
    expect(body.elements[0]!.name).toBe('connection-timeout');
  });

  it('leaves a session with stream management to be resumed', async () => {
    await online({ limits: { bosh: { inactivitySeconds: 0.1 } } });
    const enabled = await client.send("<enable xmlns='urn:xmpp:sm:3' resume='true'/>").body;
    const id = enabled.elements[0]!.attrs['id']!;
    push('n1');
    await client.send().body;
    await eventually(() => expect(fixture.events.at(-1)).toBe('detached dev1/web'));
    const next = new BoshClient(fixture.server);
    await next.begin();
    const plain = Buffer.from("\0dev1\0dev1's token").toString('base64');
    await next.send(`<auth xmlns='${NS.sasl}' mechanism='PLAIN'>${plain}</auth>`).body;
    await next.send('', `xmpp:restart='true' xmlns:xmpp='${NS.xbosh}'`).body;
    const resumed = await next.send(`<resume xmlns='urn:xmpp:sm:3' h='0' previd='${id}'/>`).body;
    expect(resumed.elements.map(({ name }) => name)).toEqual(['resumed', 'message', 'r']);
  });
});

describe('bad input', () => {
  const B = `xmlns='${NS.httpBind}'`;
  it.each<[string, string | Buffer]>([
    ['nothing', ''],
    ['text', 'hello'],
    ['another element', "<html rid='1' to='example.org'/>"],
    ['a body of another namespace', "<body rid='1' to='example.org' xmlns='urn:x'/>"],
    ['no request id', `<body to='example.org' ${B}/>`],
    ['a negative request id', `<body rid='-1' to='example.org' ${B}/>`],
    ['a request id beyond 2^53', `<body rid='9007199254740993' to='example.org' ${B}/>`],
    ['a wait that is no number', `<body rid='1' wait='long' to='example.org' ${B}/>`],
    ['a version that is none', `<body rid='1' ver='x' to='example.org' ${B}/>`],
    ['half a tag', '<body rid='],
    ['a document type', `<!DOCTYPE body><body rid='1' to='example.org' ${B}/>`],
    ['a comment', `<!-- x --><body rid='1' to='example.org' ${B}/>`],
    ['an entity', `<body rid='1' to='&x;' ${B}/>`],
    ['another encoding', `<?xml version='1.0' encoding='latin1'?><body rid='1' to='example.org' ${B}/>`],
    [
      'bytes that are no UTF-8',
      Buffer.concat([Buffer.from("<body rid='1' to='"), Buffer.from([0xff]), Buffer.from(`' ${B}/>`)]),
    ],
  ])('%s begins no session', async (_, text) => {
    attach();
    expect((await client.raw(text).body).attrs).toEqual(ends('bad-request'));
    expect(fixture.server.connectionCount).toBe(0);
  });

  it.each([
    ['no host', '', 'improper-addressing'],
    ['an address that is none', "to='a b'", 'improper-addressing'],
    ['another host', "to='example.com'", 'host-unknown'],
    [
      'another version of XMPP',
      `to='example.org' xmpp:version='2.0' xmlns:xmpp='${NS.xbosh}'`,
      'remote-stream-error',
    ],
  ])('%s begins none either', async (_, attributes, condition) => {
    attach();
    expect((await client.send('', `wait='1' hold='1' ver='1.6' ${attributes}`).body).attrs).toEqual(
      ends(condition),
    );
    expect(fixture.server.connectionCount).toBe(0);
  });

  it.each([
    ['a stanza that is not complete', "<message xmlns='jabber:client'>", 'not-well-formed'],
    ['text between stanzas', 'hello', 'bad-format'],
    ['a comment', '<!-- x -->', 'restricted-xml'],
    ['a processing instruction', '<?php x?>', 'restricted-xml'],
    ['an entity', "<message xmlns='jabber:client'>&x;</message>", 'restricted-xml'],
    ['something behind the body', '</body>x', 'bad-format'],
    ['two bodies', '</body><body>', 'not-well-formed'],
    ['a deep nest', '<a>'.repeat(100), 'policy-violation'],
    [
      'too long a stanza',
      `<message xmlns='jabber:client'><body>${'x'.repeat(70_000)}</body></message>`,
      'policy-violation',
    ],
    [
      'a stream within the stream',
      "<stream:stream xmlns:stream='http://etherx.jabber.org/streams'/>",
      'unsupported-stanza-type',
    ],
    [
      'a WebSocket’s <open/>',
      "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' version='1.0' to='example.org'/>",
      'unsupported-stanza-type',
    ],
  ])('%s ends its session alone', async (_, payload, condition) => {
    await online();
    const other = await new BoshClient(fixture.server).logIn('dev2');
    const body = await client.send(payload).body;
    expect(body.attrs).toEqual(ends('remote-stream-error'));
    expect(body.elements[0]!.name).toBe(condition);
    expect(idsIn(await other.send(iq('1')).body)).toEqual(['1']);
    expect(fixture.errors).toEqual([]);
  });

  it('too long a body ends its session', async () => {
    await online();
    expect((await client.send(' '.repeat(140_000)).body).attrs).toEqual(ends('policy-violation'));
    expect(fixture.server.connectionCount).toBe(0);
  });

  it('a restart that nobody waits for ends its session', async () => {
    await online();
    const body = await client.send('', `xmpp:restart='true' xmlns:xmpp='${NS.xbosh}'`).body;
    expect(body.elements[0]!.name).toBe('bad-format');
  });

  it('an unknown session is not found', async () => {
    await online();
    client.sid = 'x';
    expect((await client.send().body).attrs).toEqual(ends('item-not-found'));
  });
});
