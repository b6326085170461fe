import { pushMessage } from '../stanza/push-message.js';
import { createFixture, eventually, type Fixture } from '../testing/fixture.js';
import { ScriptedClient } from '../testing/scripted-client.js';
import type { DeliveryOutcome } from '../hooks.js';

const FULL = 'dev1@example.org/phone';

describe('deliveries', () => {
  let fixture: Fixture;
  let client: ScriptedClient;

  const start = async (options: Parameters<typeof createFixture>[0] = {}): Promise<void> => {
    fixture = createFixture(options);
    client = await ScriptedClient.attachedTo(fixture.server).logIn('dev1', 'phone');
    await client.comeOnline();
  };
  afterEach(() => fixture.server.stop('system-shutdown', 100));

  const deliver = (...ids: string[]): DeliveryOutcome[] =>
    ids.map((id) =>
      fixture.server.session(FULL)!.deliver({
        id,
        cookie: `cookie ${id}`,
        stanza: `<message id='${id}' to='${FULL}'><body>${id}</body></message>`,
      }),
    );
  const expectPushes = async (...ids: string[]): Promise<void> => {
    for (const id of ids)
      await client.expect(`<message id='${id}' to='${FULL}'><body>${id}</body></message>`);
  };
  const fence = (n: number): string =>
    `<iq type='get' id='fence-${n}' from='example.org' to='${FULL}'><ping xmlns='urn:xmpp:ping'/></iq>`;
  const receipt = (id: string): string =>
    `<message to='app@example.org'><received xmlns='urn:xmpp:receipts' id='${id}'/></message>`;

  describe('to a client without stream management', () => {
    it.each(['result', 'error'])(
      'are proved by any answer to the ping behind the burst: %s',
      async (type) => {
        await start();
        expect(deliver('n1', 'n2')).toEqual(['written', 'written']);
        await expectPushes('n1', 'n2');
        await client.expect(fence(1));
        expect(fixture.acknowledged).toEqual([]);
        client.send(`<iq type='${type}' id='fence-1' to='example.org'/>`);
        await eventually(() =>
          expect(fixture.acknowledged).toEqual([
            ['cookie n1', 'ping'],
            ['cookie n2', 'ping'],
          ]),
        );
        expect(fixture.server.session(FULL)!.pendingCookies).toEqual([]);
      },
    );

    it('wait for one fence at a time; the next covers what came meanwhile', async () => {
      await start();
      deliver('n1');
      await expectPushes('n1');
      await client.expect(fence(1));
      deliver('n2');
      deliver('n3');
      await expectPushes('n2', 'n3');
      await client.expectSilence();
      client.send("<iq type='result' id='fence-1' to='example.org'/>");
      await client.expect(fence(2));
      expect(fixture.acknowledged).toEqual([['cookie n1', 'ping']]);
      client.send("<iq type='result' id='fence-2' to='example.org'/>");
      await eventually(() => expect(fixture.acknowledged).toHaveLength(3));
    });

    it('are proved by their receipt, exactly once; further receipts are told as such', async () => {
      const late: string[] = [];
      await start({ hooks: { onReceipt: (_session, id) => late.push(id) } });
      deliver('n1', 'n2');
      await expectPushes('n1', 'n2');
      await client.expect(fence(1));
      client.send(receipt('n2') + receipt('n2') + "<iq type='result' id='fence-1' to='example.org'/>");
      await eventually(() =>
        expect(fixture.acknowledged).toEqual([
          ['cookie n2', 'receipt'],
          ['cookie n1', 'ping'],
        ]),
      );
      client.send(receipt('n1') + "<iq type='result' id='fence-1' to='example.org'/>");
      await client.expectSilence();
      expect(fixture.acknowledged).toHaveLength(2);
      expect(late).toEqual(['n2', 'n1']);
    });

    it('need no fence once the client sends receipts, but for what it leaves out', async () => {
      await start({ limits: { sweepIntervalMs: 30 } });
      deliver('n1');
      await expectPushes('n1');
      await client.expect(fence(1));
      client.send(receipt('n1') + "<iq type='result' id='fence-1' to='example.org'/>");
      await eventually(() => expect(fixture.acknowledged).toEqual([['cookie n1', 'receipt']]));
      deliver('n2');
      await expectPushes('n2');
      await client.expectSilence();
      client.send(receipt('n2'));
      await eventually(() => expect(fixture.acknowledged).toHaveLength(2));
      deliver('n3');
      await expectPushes('n3');
      await client.expectSilence();
      fixture.server.start();
      await client.expect(fence(2));
      client.send("<iq type='result' id='fence-2' to='example.org'/>");
      await eventually(() => expect(fixture.acknowledged.at(-1)).toEqual(['cookie n3', 'ping']));
    });

    it('are proved by the result of an IQ push, not by its error', async () => {
      await start();
      const session = fixture.server.session(FULL)!;
      for (const id of ['q1', 'q2']) {
        session.deliver({ id, cookie: id, stanza: `<iq type='set' id='${id}'><x xmlns='urn:x'/></iq>` });
      }
      client.send("<iq type='result' id='q1'/><iq type='error' id='q2'/>");
      await eventually(() => expect(fixture.acknowledged).toEqual([['q1', 'iq']]));
      expect(session.pendingCookies).toEqual(['q2']);
    });
  });

  it('fill a window of bounded size, and are told when it opens again', async () => {
    const opened: number[] = [];
    await start({
      limits: { unacknowledged: 2 },
      hooks: { onWindowOpen: (session) => opened.push(session.pendingCookies.length) },
    });
    expect(deliver('n1', 'n2', 'n3')).toEqual(['written', 'written', 'window-full']);
    await expectPushes('n1', 'n2');
    await client.expect(fence(1));
    client.send(receipt('n1') + receipt('n2'));
    await eventually(() => expect(fixture.acknowledged).toHaveLength(2));
    expect(opened).toEqual([1]); // once, with the first room there was
    expect(deliver('n3', 'n4', 'n5')).toEqual(['written', 'written', 'window-full']);
  });

  it('are not queued for a client that does not read', async () => {
    let opened = 0;
    await start({
      limits: { outputBytes: 1000, unacknowledged: 1_000_000 },
      hooks: { onWindowOpen: () => opened++ },
    });
    client.stream.pause();
    let written = 0;
    while (deliver(`n${written}`.padEnd(500, 'x'))[0] === 'written') {
      written++;
      await new Promise((resolve) => setImmediate(resolve));
      if (written > 500) break;
    }
    expect(written).toBeLessThan(200);
    expect(opened).toBe(0);
    client.stream.resume();
    await expectPushes('n0'.padEnd(500, 'x'));
    await eventually(() => expect(opened).toBe(1));
  });

  it('flow again to a client that reads again, and what it asked meanwhile is answered', async () => {
    await start({ limits: { outputBytes: 4000 } });
    client.stream.pause();
    const ping = "<iq type='get' id='p' to='example.org'><ping xmlns='urn:xmpp:ping'/></iq>";
    const asked = 3000;
    let taken = 0;
    for (let i = 0; i < asked; i++) client.stream.write(ping, () => taken++);
    for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(taken).toBeLessThan(asked);
    client.stream.resume();
    for (let i = 0; i < asked; i++) await client.expect(/^<iq type='result' id='p'/);
    expect(deliver('n1')).toEqual(['written']);
    await expectPushes('n1');
  });

  it('leave their cookies behind when the connection goes', async () => {
    const left: unknown[] = [];
    await start({ hooks: { onClosed: (session) => left.push(...session.pendingCookies) } });
    const session = fixture.server.session(FULL)!;
    deliver('n1', 'n2');
    await expectPushes('n1', 'n2');
    client.cut();
    await eventually(() => expect(left).toEqual(['cookie n1', 'cookie n2']));
    expect(session.deliver({ id: 'n3', cookie: 3, stanza: '<message/>' })).toBe('closed');
    expect(fixture.server.session(FULL)).toBeUndefined();
  });

  it('carry the push stanza', async () => {
    await start();
    const stanza = pushMessage({
      from: 'app@example.org',
      to: 'dev1@example.org',
      id: 'n1',
      title: 'Ding <dong>',
      body: "It's 5 o'clock",
      uri: 'https://example.org/?a=1&b=2',
      envelope: '{"a":"<b>"}',
      delayedSince: new Date('2026-01-02T03:04:05Z'),
    });
    fixture.server.session(FULL)!.deliver({ id: 'n1', cookie: 1, stanza });
    const message = await client.nextElement();
    expect(message.attrs).toEqual({
      from: 'app@example.org',
      type: 'chat',
      to: 'dev1@example.org',
      id: 'n1',
    });
    expect(message.childText('subject')).toBe('Ding <dong>');
    expect(message.childText('body')).toBe("Ding <dong>\nIt's 5 o'clock\nhttps://example.org/?a=1&b=2");
    expect(message.childText('json', 'urn:xmpp:json:0')).toBe('{"a":"<b>"}');
    expect(message.child('request', 'urn:xmpp:receipts')).toBeDefined();
    expect(message.child('stanza-id', 'urn:xmpp:sid:0')!.attrs).toEqual({ by: 'dev1@example.org', id: 'n1' });
    expect(message.child('delay', 'urn:xmpp:delay')!.attrs).toEqual({
      from: 'app@example.org',
      stamp: '2026-01-02T03:04:05.000Z',
    });
  });

  it('write one burst at once', async () => {
    await start();
    let writes = 0;
    client.stream.on('data', () => writes++);
    deliver('n1', 'n2', 'n3');
    await expectPushes('n1', 'n2', 'n3');
    await client.expect(fence(1));
    expect(writes).toBe(1);
  });

  it('end the stream alone whose hook fails', async () => {
    await start({
      hooks: {
        onDeliveryAcknowledged: () => {
          throw new Error('broken');
        },
      },
    });
    deliver('n1');
    await expectPushes('n1');
    await client.expect(fence(1));
    client.send(receipt('n1'));
    await client.expectStreamError('internal-server-error');
    expect(fixture.errors).toHaveLength(1);
  });
});
