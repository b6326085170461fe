/* oxlint-disable jest/expect-expect -- what a scripted client expects is an assertion too */
import type { XmppServer } from '../server.js';
import { createFixture, eventually, type Fixture, type FixtureOptions } from '../testing/fixture.js';
import { ScriptedClient } from '../testing/scripted-client.js';
import { NS } from '../stream/namespaces.js';
import { InMemoryStreamManagementStore } from './stream-management-store.js';

const FULL = 'dev1@example.org/phone';
const R = `<r xmlns='${NS.sm}'/>`;
const a = (h: number): string => `<a xmlns='${NS.sm}' h='${h}'/>`;
const push = (id: string): string => `<message id='${id}'><body>${id}</body></message>`;
const PING = (id: string): string =>
  `<iq type='get' id='${id}' to='example.org'><ping xmlns='urn:xmpp:ping'/></iq>`;
const PONG = (id: string): string => `<iq type='result' id='${id}' to='${FULL}' from='example.org'/>`;
const NOT_FOUND = `<failed xmlns='${NS.sm}'><item-not-found xmlns='${NS.stanzaErrors}'/></failed>`;
/** Longer than changes are gathered before they are saved. */
const saved = () => new Promise((resolve) => setTimeout(resolve, 15));

describe('resumption on another server (XEP-0198 §5)', () => {
  let store: InMemoryStreamManagementStore;
  let first: Fixture;
  let second: Fixture;
  let client: ScriptedClient;
  let id: string;

  const start = async (options: FixtureOptions = {}): Promise<void> => {
    store = new InMemoryStreamManagementStore('first');
    first = createFixture({ ...options, streams: store });
    second = createFixture({ ...options, streams: store.forServer('second') });
    client = await ScriptedClient.attachedTo(first.server).logIn('dev1', 'phone');
    client.send(`<enable xmlns='${NS.sm}' resume='true'/>`);
    id = (await client.nextElement()).attrs['id']!;
    await client.comeOnline();
  };
  afterEach(() => Promise.all([first, second].map(({ server }) => server.stop('system-shutdown', 100))));

  const deliver = (server: XmppServer, ...ids: string[]) =>
    ids.map((each) => server.session(FULL)!.deliver({ id: each, cookie: { n: each }, stanza: push(each) }));
  const resume = async ({ server }: Fixture, h: number, user = 'dev1'): Promise<ScriptedClient> => {
    const next = ScriptedClient.attachedTo(server);
    await next.authenticate(user, `${user}'s token`);
    next.send(`<resume xmlns='${NS.sm}' previd='${id}' h='${h}'/>`);
    return next;
  };

  it.each([
    ['whose line was cut', () => client.cut()],
    ['that still thinks it is there', () => undefined],
  ])('goes on with a session %s', async (_name, leave) => {
    await start();
    deliver(first.server, 'n1', 'n2', 'n3');
    client.send(PING('p1'));
    await saved();
    leave();
    const next = await resume(second, 3); // two presences and n1
    await next.expect(`<resumed xmlns='${NS.sm}' h='2' previd='${id}'/>`);
    expect(second.events).toEqual(['bound dev1/phone', 'resumed dev1/phone']);
    expect(second.acknowledged).toEqual([[{ n: 'n1' }, 'sm']]);
    // What is no delivery is written again from here; deliveries are for the owner to bring: his inbox has them in order.
    await next.expect(PONG('p1'));
    const session = second.server.session(FULL)!;
    expect(session).toMatchObject({ available: true, detached: false, pendingCookies: [] });
    deliver(second.server, 'n2', 'n3');
    await next.expect(push('n2'));
    await next.expect(push('n3'));
    await next.expect(R);
    next.send(a(6) + PING('p2') + R); // presences, n1, pong, n2, n3
    await next.expect(PONG('p2'));
    await next.expect(a(3));
    await eventually(() =>
      expect(second.acknowledged.slice(1)).toEqual([
        [{ n: 'n2' }, 'sm'],
        [{ n: 'n3' }, 'sm'],
      ]),
    );
  });

  it('ends what stood on the first server as soon as that notices', async () => {
    await start();
    await saved();
    await (await resume(second, 2)).expect(/^<resumed /);
    client.send(PING('p'));
    await client.expect(PONG('p'));
    await client.expectStreamError('conflict');
    await eventually(() => expect(first.events.at(-1)).toBe('closed dev1/phone: conflict'));
    await saved();
    expect(await store.claim('dev1', id, 1000)).toMatchObject({ own: false }); // the second one's still
  });

  it('may come back to the first one, which goes by what the second one left', async () => {
    await start();
    deliver(first.server, 'n1');
    await saved();
    client.cut();
    const there = await resume(second, 3);
    await there.expect(/^<resumed /);
    there.send(PING('p1') + PING('p2'));
    await there.expect(PONG('p1'));
    await there.expect(PONG('p2'));
    await saved();
    there.cut();
    const back = await resume(first, 5);
    await back.expect(`<resumed xmlns='${NS.sm}' h='3' previd='${id}'/>`);
    expect(first.events.slice(-3)).toEqual([
      'closed dev1/phone: conflict',
      'bound dev1/phone',
      'resumed dev1/phone',
    ]);
    expect(first.acknowledged).toEqual([]);
    await back.expectSilence();
  });

  it('believes a client that handled more than the first server could write down', async () => {
    await start();
    await saved();
    const session = first.server.session(FULL)!;
    store.save = () => Promise.reject(new Error('killed'));
    session.deliver({ id: 'n1', cookie: 'n1', stanza: push('n1') });
    await client.expect(push('n1'));
    const next = await resume(second, 3);
    await next.expect(/^<resumed /);
    deliver(second.server, 'n1');
    await next.expect(push('n1')); // again: nobody knows that it had it
    next.send(a(4));
    await eventually(() => expect(second.acknowledged).toEqual([[{ n: 'n1' }, 'sm']]));
  });

  it('does not believe it everything', async () => {
    await start({ limits: { unacknowledged: 3 } });
    await saved();
    const next = await resume(second, 2 + 3 + 1);
    await next.expect(/^<stream:error><undefined-condition .*handled-count-too-high/);
  });

  it('counts a stanza only when it is done with', async () => {
    const done: (() => void)[] = [];
    await start({
      hooks: { onMessage: () => new Promise((resolve) => done.push(() => resolve('consume'))) },
    });
    client.send("<message to='app@example.org' id='m1'><body>1</body></message>");
    await eventually(() => expect(done).toHaveLength(1));
    await saved();
    const next = await resume(second, 2);
    await next.expect(`<resumed xmlns='${NS.sm}' h='1' previd='${id}'/>`); // the client sends it again
  });

  it('keeps what the client said of itself, but not that nobody looks: presence, priority', async () => {
    await start();
    client.send(
      `<presence><priority>7</priority><status>a &lt; b</status></presence><inactive xmlns='${NS.csi}'/>`,
    );
    await client.expect(/^<presence /);
    await saved();
    client.cut();
    const next = await resume(second, 3);
    await next.expect(/^<resumed /);
    expect(second.server.session(FULL)!.priority).toBe(7);
    const other = await ScriptedClient.attachedTo(second.server).logIn('dev1', 'tablet');
    other.send('<presence/>');
    await other.expect(/^<presence from='dev1@example.org\/tablet'/);
    await other.expect(/^<presence from='app@/);
    await other.expect(
      /^<presence from='dev1@example.org\/phone'.*<priority>7<\/priority><status>a &lt; b<\/status>/,
    );
    await next.expect(/^<presence from='dev1@example.org\/tablet'/);
  });

  it('is for the account alone that the session belongs to', async () => {
    await start();
    await saved();
    await (await resume(second, 2, 'dev2')).expect(NOT_FOUND);
    await (await resume(second, 2)).expect(/^<resumed /);
  });

  it('is over with the session, whichever server that was on', async () => {
    await start();
    await saved();
    client.send('</stream:stream>');
    await client.expect('</stream:stream>');
    await eventually(() => expect(first.events.at(-1)).toBe('closed dev1/phone: closed-by-client'));
    await saved();
    await (await resume(second, 2)).expect(NOT_FOUND);
  });

  it('is possible after an orderly shutdown too', async () => {
    await start();
    deliver(first.server, 'n1');
    await first.server.stop('system-shutdown', 50);
    expect(first.events.at(-1)).toBe('closed dev1/phone: system-shutdown');
    const next = await resume(second, 2);
    await next.expect(/^<resumed /);
    expect(second.server.session(FULL)!.available).toBe(true);
    deliver(second.server, 'n1');
    await next.expect(push('n1'));
  });

  it('is refused, and the stream goes on, while the store cannot tell', async () => {
    await start();
    await saved();
    store.forServer = () => store;
    const away = createFixture({
      streams: Object.assign(store.forServer('third'), { claim: () => Promise.reject(new Error('away')) }),
    });
    const next = await resume(away, 2);
    await next.expect(NOT_FOUND);
    await next.bind('phone');
    await away.server.stop('system-shutdown', 50);
  });

  it('goes on here when the store has lost the state', async () => {
    await start();
    await saved();
    await store.release('dev1', id);
    client.cut();
    await (await resume(first, 2)).expect(/^<resumed /);
    await saved();
    await (await resume(second, 2)).expect(/^<resumed /);
  });

  it('saves the state of a quiet session again before it would be forgotten', async () => {
    await start({ limits: { resumeTimeoutMs: 90, sweepIntervalMs: 5 } });
    first.server.start();
    await new Promise((resolve) => setTimeout(resolve, 300));
    await (await resume(second, 2)).expect(/^<resumed /);
  });

  it('is given up for a client that leaves too much unacknowledged', async () => {
    await start();
    for (let i = 0; i < 70; i++) client.send(PING(`${i}`.padEnd(1000, 'x')));
    for (let i = 0; i < 70; i++) await client.expect(/^<iq type='result'/);
    await saved();
    await (await resume(second, 2)).expect(NOT_FOUND);
    client.cut();
    await (await resume(first, 72)).expect(/^<resumed /);
  });

  it('tells nobody an id that could be guessed', async () => {
    await start();
    expect(id).toMatch(/^[\w-]{24}$/);
  });
});
