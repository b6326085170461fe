/* oxlint-disable jest/expect-expect -- what a scripted client expects is an assertion too */
import { createFixture, eventually, type Fixture } from '../testing/fixture.js';
import { ScriptedClient } from '../testing/scripted-client.js';
import type { XmppSession } from '../hooks.js';
import { NS } from '../stream/namespaces.js';

const FULL = 'dev1@example.org/phone';
const R = `<r xmlns='${NS.sm}'/>`;
const a = (h: number): string => `<a xmlns='${NS.sm}' h='${h}'/>`;
const push = (id: string): string => `<message id='${id}'><body>${id}</body></message>`;
const PING = (id: string): string =>
  `<iq type='get' id='${id}' to='example.org'><ping xmlns='urn:xmpp:ping'/></iq>`;
const PONG = (id: string): string => `<iq type='result' id='${id}' to='${FULL}' from='example.org'/>`;

describe('stream management (XEP-0198)', () => {
  let fixture: Fixture;
  let client: ScriptedClient;

  const start = async (options: Parameters<typeof createFixture>[0] = {}): Promise<void> => {
    fixture = createFixture(options);
    client = await ScriptedClient.attachedTo(fixture.server).logIn('dev1', 'phone');
  };
  afterEach(() => fixture.server.stop('system-shutdown', 100));

  const enable = async (resume = true): Promise<string> => {
    client.send(`<enable xmlns='${NS.sm}'${resume ? " resume='true'" : ''}/>`);
    const enabled = await client.nextElement();
    expect(enabled.is('enabled', NS.sm)).toBe(true);
    return enabled.attrs['id'] ?? '';
  };
  const deliver = (...ids: string[]): void => {
    for (const id of ids) fixture.server.session(FULL)!.deliver({ id, cookie: id, stanza: push(id) });
  };

  describe('acknowledgement', () => {
    it('asks once behind a burst, and takes the count', async () => {
      await start();
      await enable();
      deliver('n1', 'n2', 'n3');
      for (const id of ['n1', 'n2', 'n3']) await client.expect(push(id));
      await client.expect(R);
      client.send(a(2));
      await eventually(() =>
        expect(fixture.acknowledged).toEqual([
          ['n1', 'sm'],
          ['n2', 'sm'],
        ]),
      );
      client.send(a(3) + a(3));
      await eventually(() => expect(fixture.acknowledged).toHaveLength(3));
    });

    it('asks again only after an answer', async () => {
      await start();
      await enable();
      deliver('n1');
      await client.expect(push('n1'));
      await client.expect(R);
      deliver('n2');
      await client.expect(push('n2'));
      await client.expectSilence();
      client.send(a(1));
      await client.expect(R);
    });

    it('counts every stanza of ours, and answers with its own count', async () => {
      await start();
      await enable();
      client.send(PING('p1') + PING('p2') + R);
      await client.expect(PONG('p1'));
      await client.expect(PONG('p2'));
      await client.expect(a(2));
      deliver('n1');
      await client.expect(push('n1'));
      await client.expect(R);
      client.send(a(3));
      await eventually(() => expect(fixture.acknowledged).toEqual([['n1', 'sm']]));
    });

    it('acknowledges by receipt as well, once, and keeps the count right', async () => {
      await start();
      await enable();
      deliver('n1', 'n2');
      client.send("<message to='app@example.org'><received xmlns='urn:xmpp:receipts' id='n2'/></message>");
      await eventually(() => expect(fixture.acknowledged).toEqual([['n2', 'receipt']]));
      client.send(a(2));
      await eventually(() =>
        expect(fixture.acknowledged).toEqual([
          ['n2', 'receipt'],
          ['n1', 'sm'],
        ]),
      );
    });

    it('takes deliveries from before it was enabled as handled with the first count', async () => {
      await start();
      deliver('n0');
      await client.expect(push('n0'));
      await client.expect(/fence-1/);
      await enable();
      deliver('n1');
      await client.expect(push('n1'));
      await client.expect(R);
      client.send(a(1));
      await eventually(() => expect(fixture.acknowledged.map(([cookie]) => cookie)).toEqual(['n0', 'n1']));
    });

    it('proves by a fence what a count that fell short never reaches', async () => {
      await start({ limits: { sweepIntervalMs: 10 } });
      fixture.server.start();
      await enable();
      deliver('n1');
      await client.expect(push('n1'));
      await client.expect(R);
      client.send(a(0));
      await client.expect(/^<iq type='get' id='fence-1'/);
      client.send("<iq type='result' id='fence-1' to='example.org'/>");
      await eventually(() => expect(fixture.acknowledged).toEqual([['n1', 'ping']]));
    });

    const faults: [string, string, string][] = [
      ['a count of more than was sent', a(1), 'undefined-condition'],
      ['a count that is no number', `<a xmlns='${NS.sm}' h='x'/>`, 'policy-violation'],
      ['a count beyond 32 bits', a(2 ** 32), 'policy-violation'],
      ['an element that is not there', `<foo xmlns='${NS.sm}'/>`, 'unsupported-stanza-type'],
    ];
    it.each(faults)('ends the stream over %s', async (_name, xml, condition) => {
      await start();
      await enable();
      client.send(xml);
      await client.expectStreamError(condition);
    });

    it('names both counts in that error', async () => {
      await start();
      await enable();
      client.send(a(7));
      await client.expect(
        /<handled-count-too-high xmlns='urn:xmpp:sm:3' h='7' send-count='0'\/><\/stream:error>$/,
      );
    });

    it.each([R, a(0)])('ends the stream over %s when it is not enabled', async (xml) => {
      await start();
      client.send(xml);
      await client.expectStreamError('policy-violation');
    });

    it('refuses to be enabled twice, or before a resource is bound', async () => {
      await start();
      await enable();
      client.send(`<enable xmlns='${NS.sm}'/>`);
      await client.expect(
        `<failed xmlns='${NS.sm}'><unexpected-request xmlns='${NS.stanzaErrors}'/></failed>`,
      );
      const other = ScriptedClient.attachedTo(fixture.server);
      await other.authenticate('dev1', "dev1's token");
      other.send(`<enable xmlns='${NS.sm}'/>`);
      await other.expect(/^<failed .*<unexpected-request /);
    });

    it('ends a client that never acknowledges what it asks for', async () => {
      await start();
      await enable();
      client.send(PING('p').repeat(1100));
      for (let i = 0; i < 1024; i++) await client.expect(PONG('p'));
      await client.expectStreamError('resource-constraint');
    });
  });

  describe('resumption', () => {
    const resume = async (id: string, h: number, user = 'dev1'): Promise<ScriptedClient> => {
      const next = ScriptedClient.attachedTo(fixture.server);
      await next.authenticate(user, `${user}'s token`);
      next.send(`<resume xmlns='${NS.sm}' previd='${id}' h='${h}'/>`);
      return next;
    };

    it('redelivers exactly what was not acknowledged, in order', async () => {
      await start();
      const id = await enable();
      await client.comeOnline();
      deliver('n1', 'n2', 'n3');
      for (const each of ['n1', 'n2', 'n3']) await client.expect(push(each));
      client.send("<message to='app@example.org'><received xmlns='urn:xmpp:receipts' id='n2'/></message>");
      await eventually(() => expect(fixture.acknowledged).toEqual([['n2', 'receipt']]));
      const session = fixture.server.session(FULL)!;
      client.cut();
      await eventually(() => expect(fixture.events.at(-1)).toBe('detached dev1/phone'));
      expect(session.detached).toBe(true);
      expect(session.available).toBe(true);
      expect(session.deliver({ id: 'n4', cookie: 'n4', stanza: push('n4') })).toBe('closed');
      expect(session.pendingCookies).toEqual(['n1', 'n3']);

      const next = await resume(id, 2); // both presences, no push
      await next.expect(`<resumed xmlns='${NS.sm}' h='2' previd='${id}'/>`);
      await next.expect(push('n1'));
      await next.expect(push('n3'));
      await next.expect(R);
      next.send(a(4)); // the count goes on: two presences, n1, n3
      await eventually(() =>
        expect(fixture.acknowledged.map(([cookie]) => cookie)).toEqual(['n2', 'n1', 'n3']),
      );
      expect(fixture.events.at(-1)).toBe('resumed dev1/phone');
      expect(fixture.events.filter((event) => event.startsWith('closed'))).toEqual([]);
      deliver('n4');
      await next.expect(push('n4'));
    });

    it('acknowledges by the count of the resume request', async () => {
      await start();
      const id = await enable();
      deliver('n1', 'n2');
      await client.expect(push('n1'));
      client.cut();
      const next = await resume(id, 1);
      await next.expect(/^<resumed /);
      await next.expect(push('n2'));
      expect(fixture.acknowledged).toEqual([['n1', 'sm']]);
    });

    it('takes over from a connection that is still there', async () => {
      await start();
      const id = await enable();
      const next = await resume(id, 0);
      await next.expect(/^<resumed /);
      await client.expectStreamError('conflict');
      next.send(PING('p'));
      await next.expect(PONG('p'));
      expect(fixture.events).toEqual(['bound dev1/phone', 'detached dev1/phone', 'resumed dev1/phone']);
    });

    describe('asks before it repeats', () => {
      const cutWith = async (
        beforeResend: (session: XmppSession, cookie: unknown) => boolean | Promise<boolean>,
      ): Promise<string> => {
        await start({ hooks: { beforeResend } });
        const id = await enable();
        deliver('n1', 'n2', 'n3');
        await client.expect(push('n1'));
        client.cut();
        await eventually(() => expect(fixture.events.at(-1)).toBe('detached dev1/phone'));
        return id;
      };

      it('and leaves out what is not wanted any more, at once or later', async () => {
        const id = await cutWith((_session, cookie) =>
          cookie === 'n1' ? false : new Promise((resolve) => setImmediate(() => resolve(cookie !== 'n2'))),
        );
        const next = await resume(id, 0);
        await next.expect(/^<resumed /);
        await next.expect(push('n3'));
        await next.expect(R);
        next.send(a(1));
        await eventually(() => expect(fixture.acknowledged).toEqual([['n3', 'sm']]));
        expect(fixture.server.session(FULL)!.pendingCookies).toEqual([]);
      });

      it('and repeats what it could not be told about', async () => {
        const id = await cutWith(() => Promise.reject(new Error('the store is away')));
        const next = await resume(id, 2);
        await next.expect(/^<resumed /);
        await next.expect(push('n3'));
      });

      it('and goes on with the last of those who resume meanwhile', async () => {
        const decide: (() => void)[] = [];
        const id = await cutWith(() => new Promise((resolve) => decide.push(() => resolve(true))));
        const first = await resume(id, 2);
        await eventually(() => expect(decide).toHaveLength(1));
        const second = await resume(id, 2);
        await eventually(() => expect(decide).toHaveLength(2));
        for (const each of decide) each();
        await first.expect(/^<failed .*<item-not-found /);
        await second.expect(/^<resumed /);
        await second.expect(push('n3'));
      });

      it('and stays resumable when who asked has gone meanwhile', async () => {
        const decide: (() => void)[] = [];
        const id = await cutWith(() => new Promise((resolve) => decide.push(() => resolve(true))));
        const first = await resume(id, 2);
        await eventually(() => expect(decide).toHaveLength(1));
        first.cut();
        await new Promise((resolve) => setImmediate(resolve));
        decide[0]!();
        const second = await resume(id, 2);
        await eventually(() => expect(decide).toHaveLength(2));
        decide[1]!();
        await second.expect(/^<resumed /);
        await second.expect(push('n3'));
      });
    });

    it('forgets, without losing count, what was written before it was enabled', async () => {
      await start({ limits: { unacknowledged: 1 } });
      deliver('n0');
      await client.expect(push('n0'));
      await client.expect(/fence-1/);
      const id = await enable();
      client.cut();
      const next = await resume(id, 0);
      await next.expect(/^<resumed /);
      expect(fixture.server.session(FULL)!.pendingCookies).toEqual([]);
      deliver('n0');
      await next.expect(push('n0'));
    });

    it('is bound to the account', async () => {
      await start();
      const id = await enable();
      client.cut();
      const next = await resume(id, 0, 'dev2');
      await next.expect(`<failed xmlns='${NS.sm}'><item-not-found xmlns='${NS.stanzaErrors}'/></failed>`);
      await next.bind('phone');
    });

    it('refuses a count that is none, and one of more than was sent', async () => {
      await start();
      const id = await enable();
      const next = await resume(id, -1);
      await next.expect(/^<failed .*<bad-request /);
      next.send(`<resume xmlns='${NS.sm}' previd='${id}' h='9'/>`);
      await next.expect(/^<stream:error><undefined-condition .*handled-count-too-high/);
      client.send(PING('p'));
      await client.expect(PONG('p'));
    });

    it('is over after the time that was promised', async () => {
      await start({ limits: { resumeTimeoutMs: 20, sweepIntervalMs: 5 } });
      fixture.server.start();
      const id = await enable();
      client.cut();
      await eventually(() => expect(fixture.events.at(-1)).toBe('closed dev1/phone: resumption-expired'));
      const next = await resume(id, 0);
      await next.expect(/^<failed .*<item-not-found /);
    });

    it('is not for streams that were ended, on either side', async () => {
      await start();
      await enable();
      client.send('</stream:stream>');
      await client.expect('</stream:stream>');
      expect(fixture.events.at(-1)).toBe('closed dev1/phone: closed-by-client');
      await start();
      await enable();
      client.send('<foo/>');
      await client.expectStreamError('unsupported-stanza-type');
      expect(fixture.events.at(-1)).toBe('closed dev1/phone: unsupported-stanza-type');
    });

    it('gives way to a new session of the same resource', async () => {
      await start();
      const id = await enable();
      client.cut();
      await eventually(() => expect(fixture.events.at(-1)).toBe('detached dev1/phone'));
      await ScriptedClient.attachedTo(fixture.server).logIn('dev1', 'phone');
      expect(fixture.events.slice(-2)).toEqual(['closed dev1/phone: conflict', 'bound dev1/phone']);
      const late = await resume(id, 0);
      await late.expect(/^<failed .*<item-not-found /);
    });

    it('keeps a bounded number of detached sessions, the oldest of which go', async () => {
      await start({ limits: { detachedSessions: 1 } });
      await enable();
      client.cut();
      await eventually(() => expect(fixture.events.at(-1)).toBe('detached dev1/phone'));
      client = await ScriptedClient.attachedTo(fixture.server).logIn('dev2', 'phone');
      await enable();
      client.cut();
      await eventually(() =>
        expect(fixture.events.slice(-2)).toEqual([
          'closed dev1/phone: resource-constraint',
          'detached dev2/phone',
        ]),
      );
    });

    it('ends what is detached when the server stops', async () => {
      await start();
      await enable();
      client.cut();
      await eventually(() => expect(fixture.events.at(-1)).toBe('detached dev1/phone'));
      await fixture.server.stop('system-shutdown', 100);
      expect(fixture.events.at(-1)).toBe('closed dev1/phone: system-shutdown');
    });

    it('is not promised to who did not ask for it', async () => {
      await start();
      expect(await enable(false)).toBe('');
      client.cut();
      await eventually(() => expect(fixture.events.at(-1)).toBe('closed dev1/phone: connection-lost'));
    });
  });
});
