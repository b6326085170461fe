/* oxlint-disable jest/expect-expect -- what a scripted client expects is an assertion too */
import { createHmac } from 'node:crypto';
import type { Element } from '../stanza/element.js';
import { createFixture, eventually, type Fixture, type FixtureOptions } from '../testing/fixture.js';
import { InMemoryFastTokens } from '../testing/in-memory-fast-tokens.js';
import { CLEAR, ScriptedClient } from '../testing/scripted-client.js';
import { NS } from '../stream/namespaces.js';

const b64 = (text: string | Buffer) =>
  (typeof text === 'string' ? Buffer.from(text) : text).toString('base64');
const PLAIN = b64("\0dev1\0dev1's token");
const AGENT = "<user-agent id='d4565fa7-4d72-4749-b3d3-740edbf87770'><software>test</software></user-agent>";
const FAILURE = (condition: string) =>
  `<failure xmlns='${NS.sasl2}'><${condition} xmlns='${NS.sasl}'/></failure>`;
const PING = (id: string): string =>
  `<iq type='get' id='${id}' to='example.org'><ping xmlns='urn:xmpp:ping'/></iq>`;

describe('SASL2 (XEP-0388)', () => {
  let fixture: Fixture;
  let client: ScriptedClient;
  afterEach(() => fixture.server.stop('system-shutdown', 100));

  const start = async (
    options: FixtureOptions = {},
    peer?: Parameters<typeof ScriptedClient.attachedTo>[1],
  ) => {
    fixture = createFixture(options);
    client = ScriptedClient.attachedTo(fixture.server, peer);
    return client.open();
  };
  const authenticate = (inner: string, mechanism = 'PLAIN', initial = PLAIN): void =>
    client.send(
      `<authenticate xmlns='${NS.sasl2}' mechanism='${mechanism}'>` +
        `<initial-response>${initial}</initial-response>${inner}</authenticate>`,
    );
  const success = async (inner: string): Promise<Element> => {
    authenticate(inner);
    const element = await client.nextElement();
    expect(element.is('success', NS.sasl2)).toBe(true);
    return element;
  };
  const again = async (): Promise<void> => {
    client = ScriptedClient.attachedTo(fixture.server);
    await client.open();
  };

  it('offers the same mechanisms, and what goes with them', async () => {
    const features = await start({ hooks: { fast: new InMemoryFastTokens() } });
    expect(features).toContain(
      `<authentication xmlns='${NS.sasl2}'><mechanism>SCRAM-SHA-256</mechanism><mechanism>SCRAM-SHA-1</mechanism>` +
        `<mechanism>PLAIN</mechanism><inline><bind xmlns='${NS.bind2}'><inline><feature var='${NS.sm}'/>` +
        `<feature var='${NS.csi}'/><feature var='${NS.carbons}'/></inline></bind><sm xmlns='${NS.sm}'/>` +
        `<fast xmlns='${NS.fast}'><mechanism>HT-SHA-256-NONE</mechanism></fast></inline></authentication>`,
    );
  });

  it('goes on without a new stream, to binding as before', async () => {
    await start();
    expect((await success('')).toString()).toBe(
      `<success xmlns='${NS.sasl2}'><authorization-identifier>dev1@example.org</authorization-identifier></success>`,
    );
    await client.expect(/^<stream:features><bind /);
    await client.bind('phone');
    client.send(PING('p'));
    await client.expect(/^<iq type='result' id='p'/);
  });

  it.each(['SCRAM-SHA-1', 'SCRAM-SHA-256'])(
    'takes %s in its steps, and proves the server in its success',
    async (name) => {
      await start();
      authenticate('', name, b64('n,,n=dev1,r=abc'));
      const challenge = await client.nextElement();
      expect(challenge.is('challenge', NS.sasl2)).toBe(true);
      client.send(`<response xmlns='${NS.sasl2}'>${b64('c=biws,r=no,p=AAAA')}</response>`);
      await client.expect(FAILURE('not-authorized'));
      client.send(`<abort xmlns='${NS.sasl2}'/>`);
      await client.expect(FAILURE('aborted'));
    },
  );

  it.each([
    ['a wrong password', 'PLAIN', b64('\0dev1\0no'), '', 'not-authorized'],
    ['an unknown mechanism', 'FOO', '', '', 'invalid-mechanism'],
    ['what is no base64', 'PLAIN', '!', '', 'incorrect-encoding'],
    ['an agent id that is none', 'PLAIN', PLAIN, "<user-agent id='a b'/>", 'malformed-request'],
    ['a token where none are issued', 'HT-SHA-256-NONE', PLAIN, AGENT, 'invalid-mechanism'],
  ])('refuses %s', async (_name, mechanism, initial, inner, condition) => {
    await start();
    authenticate(inner, mechanism, initial);
    await client.expect(FAILURE(condition));
  });

  it('counts failures of both profiles together', async () => {
    await start({ limits: { saslAttempts: 3 } });
    authenticate('', 'PLAIN', b64('\0dev1\0no'));
    client.send(`<auth xmlns='${NS.sasl}' mechanism='PLAIN'>${b64('\0dev1\0no')}</auth>`);
    authenticate('', 'PLAIN', b64('\0dev1\0no'));
    await client.expect(FAILURE('not-authorized'));
    await client.expect(`<failure xmlns='${NS.sasl}'><not-authorized/></failure>`);
    await client.expect(FAILURE('not-authorized'));
    await client.expectStreamError('policy-violation');
  });

  it('is neither offered nor taken in the clear where encryption is required', async () => {
    fixture = createFixture({ tls: 'required', secureContext: () => undefined as never });
    client = ScriptedClient.attachedTo(fixture.server, CLEAR);
    expect(await client.open()).not.toContain('authentication');
    authenticate('');
    await client.expect(FAILURE('encryption-required'));
  });

  it('knows no log-in after a log-in', async () => {
    await start();
    await success('');
    await client.expect(/^<stream:features>/);
    authenticate('');
    await client.expectStreamError('policy-violation');
  });

  describe('with Bind 2 (XEP-0386)', () => {
    const BIND = `<bind xmlns='${NS.bind2}'><tag>App</tag><enable xmlns='${NS.sm}' resume='true'/><inactive xmlns='${NS.csi}'/><enable xmlns='${NS.carbons}'/></bind>`;

    it('binds in the same round trip, with stream management and client state', async () => {
      await start();
      const answer = await success(AGENT + BIND);
      const jid = answer.childText('authorization-identifier')!;
      expect(jid).toMatch(/^dev1@example.org\/App~[\w-]{12}$/);
      const enabled = answer.child('bound', NS.bind2)!.child('enabled', NS.sm)!;
      expect(enabled.attrs).toMatchObject({ resume: 'true', max: '300' });
      await client.expect(/^<stream:features><csi /);
      await eventually(() => expect(fixture.events).toEqual([`bound ${jid.replace('@example.org', '')}`]));
      client.send(`<r xmlns='${NS.sm}'/>`);
      await client.expect(`<a xmlns='${NS.sm}' h='0'/>`);
    });

    it('gives one installation the same resource again, and others another one', async () => {
      await start();
      const jid = async (agent: string) =>
        (await success(agent + BIND)).childText('authorization-identifier');
      const first = await jid(AGENT);
      await again();
      const second = await jid(AGENT.replace('d4', 'D4'));
      await again();
      const third = await jid('');
      expect(second).toBe(first);
      expect(third).not.toBe(first);
      expect(fixture.events.filter((event) => event.startsWith('closed'))).toEqual([
        `closed ${first!.replace('@example.org', '')}: conflict`,
      ]);
    });

    it('says when there is no room', async () => {
      await start({ limits: { resourcesPerAccount: 1 } });
      await success(BIND);
      await again();
      expect((await success(BIND)).toString()).toContain(`<failed xmlns='${NS.bind2}'><resource-constraint `);
      await client.expect(/^<stream:features><bind /);
    });

    it('resumes instead, where it can', async () => {
      await start();
      const enabled = (await success(AGENT + BIND)).child('bound', NS.bind2)!.child('enabled', NS.sm)!;
      await client.expect(/^<stream:features>/);
      client.send(PING('p'));
      await client.expect(/^<iq type='result' id='p'/);
      client.cut();
      await again();
      const resume = `<resume xmlns='${NS.sm}' previd='${enabled.attrs['id']}' h='0'/>`;
      const answer = await success(AGENT + BIND + resume);
      expect(answer.child('resumed', NS.sm)!.attrs).toMatchObject({ h: '1' });
      expect(answer.child('bound', NS.bind2)).toBeUndefined();
      expect(answer.childText('authorization-identifier')).toContain('/App~');
      await client.expect(/^<stream:features>/);
      await client.expect(/^<iq type='result' id='p'/); // not acknowledged before
    });

    it('binds, and says so, where it cannot', async () => {
      await start();
      const answer = await success(`${BIND}<resume xmlns='${NS.sm}' previd='x' h='0'/>`);
      expect(answer.child('failed', NS.sm)!.child('item-not-found', NS.stanzaErrors)).toBeDefined();
      expect(answer.child('bound', NS.bind2)).toBeDefined();
    });
  });

  describe('with tokens (XEP-0484)', () => {
    const NONE = 'HT-SHA-256-NONE';
    const REQUEST = `<request-token xmlns='${NS.fast}' mechanism='${NONE}'/>`;
    const proof = (token: string, name = 'dev1') =>
      b64(
        Buffer.concat([Buffer.from(`${name}\0`), createHmac('sha256', token).update('Initiator').digest()]),
      );
    let tokens: InMemoryFastTokens;

    const startWithToken = async (lifetimeMs?: number): Promise<string> => {
      tokens = new InMemoryFastTokens(lifetimeMs);
      await start({ hooks: { fast: tokens } });
      const token = (await success(AGENT + REQUEST)).child('token', NS.fast)!;
      expect(Date.parse(token.attrs['expiry']!)).toBeGreaterThan(Date.now());
      await again();
      return token.attrs['token']!;
    };
    const byToken = async (token: string, fast = '', agent = AGENT, name?: string): Promise<Element> => {
      authenticate(`${agent}<fast xmlns='${NS.fast}' ${fast}/>`, NONE, proof(token, name));
      return client.nextElement();
    };

    it('logs in by the token, and proves that the server knows it', async () => {
      const token = await startWithToken();
      const answer = await byToken(token);
      expect(answer.is('success', NS.sasl2)).toBe(true);
      expect(answer.childText('additional-data')).toBe(
        b64(createHmac('sha256', token).update('Responder').digest()),
      );
      expect(answer.child('token', NS.fast)).toBeUndefined();
      await client.expect(/^<stream:features>/);
      await client.bind('phone');
      expect(fixture.events).toEqual(['bound dev1/phone']);
    });

    it.each([
      ['another token', 'x', AGENT, 'dev1', 'not-authorized'],
      ['another installation', undefined, AGENT.replace('d4', 'e4'), 'dev1', 'not-authorized'],
      ['another account', undefined, AGENT, 'dev2', 'not-authorized'],
      ['an account that there is not', undefined, AGENT, 'nobody', 'not-authorized'],
      ['an installation without a name', undefined, '', 'dev1', 'malformed-request'],
    ])('refuses %s', async (_name, other, agent, name, condition) => {
      const token = await startWithToken();
      expect((await byToken(other ?? token, '', agent, name)).toString()).toBe(FAILURE(condition));
    });

    it('refuses the mechanism without <fast/>, and payloads that are none', async () => {
      const token = await startWithToken();
      authenticate(AGENT, NONE, proof(token));
      await client.expect(FAILURE('malformed-request'));
      authenticate(`${AGENT}<fast xmlns='${NS.fast}'/>`, NONE, b64('dev1'));
      await client.expect(FAILURE('malformed-request'));
    });

    it('tells a client whose token has expired', async () => {
      const token = await startWithToken(60);
      await new Promise((resolve) => setTimeout(resolve, 80));
      expect((await byToken(token)).toString()).toBe(FAILURE('credentials-expired'));
    });

    it('replaces a token that expires soon; the old one is good until the new one is used', async () => {
      const old = await startWithToken(60_000);
      const fresh = (await byToken(old)).child('token', NS.fast)!.attrs['token']!;
      expect(fresh).not.toBe(old);
      await again();
      expect((await byToken(old)).name).toBe('success'); // the client never saw the new one
      await again();
      const newest = tokens.kept.values().next().value![0]!.token;
      expect((await byToken(newest)).name).toBe('success');
      await again();
      expect((await byToken(old)).toString()).toBe(FAILURE('not-authorized'));
    });

    it('ends a token on request', async () => {
      const token = await startWithToken();
      expect((await byToken(token, "invalidate='true'")).name).toBe('success');
      await again();
      expect((await byToken(token)).toString()).toBe(FAILURE('not-authorized'));
    });

    it('takes no count twice', async () => {
      const token = await startWithToken();
      expect((await byToken(token, "count='7'")).name).toBe('success');
      await again();
      expect((await byToken(token, "count='7'")).toString()).toBe(FAILURE('not-authorized'));
      expect((await byToken(token, "count='8'")).name).toBe('success');
    });

    it('is not for connections in the clear', async () => {
      expect(await start({ tls: 'off', hooks: { fast: new InMemoryFastTokens() } }, CLEAR)).not.toContain(
        NS.fast,
      );
    });
  });
});
