/* oxlint-disable jest/expect-expect -- what a scripted client expects is an assertion too */
import { InMemoryAccountStore } from '../account/account-store.js';
import { InMemoryStreamManagementStore } from '../session/stream-management-store.js';
import { NS } from '../stream/namespaces.js';
import { createFixture, type Fixture } from '../testing/fixture.js';
import { ScriptedClient } from '../testing/scripted-client.js';
import { ClientState } from './xep-0352-client-state.js';

const PHONE = 'dev1@example.org/phone';
const PING = "<iq type='get' id='p' to='example.org'><ping xmlns='urn:xmpp:ping'/></iq>";
const INACTIVE = `<inactive xmlns='${NS.csi}'/>`;
const ACTIVE = `<active xmlns='${NS.csi}'/>`;
const state = (name: string): string => `<${name} xmlns='${NS.chatStates}'/>`;

describe('what is held', () => {
  const held = (...stanzas: [subject: string, stanza: string][]): ClientState => {
    const client = new ClientState();
    client.rest();
    for (const [subject, stanza] of stanzas) client.hold(subject, stanza);
    return client;
  };

  it('is the newest of each subject, in the order of these', () => {
    const client = held(['a', 'a1'], ['b', 'b1'], ['a', 'a2']);
    expect(client.release()).toEqual(['b1', 'a2']);
    expect(client.release()).toEqual([]);
    expect(client.hold('c', 'c1')).toBe(true);
    expect(client.wake()).toEqual(['c1']);
    expect(client.hold('c', 'c2')).toBe(false);
  });

  it('is bounded in number and in length', () => {
    expect(held(...Array.from({ length: 63 }, (_, i): [string, string] => [`${i}`, ''])).isFull).toBe(false);
    expect(held(...Array.from({ length: 64 }, (_, i): [string, string] => [`${i}`, ''])).isFull).toBe(true);
    const long = 'x'.repeat(40_000);
    expect(held(['a', long], ['a', long]).isFull).toBe(false);
    const client = held(['a', long], ['b', long]);
    expect(client.isFull).toBe(true);
    client.release();
    expect(client.isFull).toBe(false);
  });
});

describe('an inactive client (XEP-0352)', () => {
  let fixture: Fixture;
  let phone: ScriptedClient;
  let other: ScriptedClient;

  beforeEach(async () => {
    fixture = createFixture({
      accountStore: new InMemoryAccountStore(),
      hooks: { onMessage: () => 'route' },
    });
    phone = await ScriptedClient.attachedTo(fixture.server).logIn('dev1', 'phone');
    other = await ScriptedClient.attachedTo(fixture.server).logIn('dev2', 'x');
  });
  afterEach(() => fixture.server.stop('system-shutdown', 100));

  /** What came before it was handled by the server. */
  const handled = async (client: ScriptedClient): Promise<void> => {
    client.send(PING);
    await client.expect(/^<iq type='result' id='p'/);
  };
  const rest = async (): Promise<void> => {
    phone.send(INACTIVE);
    await handled(phone);
  };
  const say = (content: string): void => {
    other.send(`<message to='${PHONE}' type='chat'>${content}</message>`);
  };

  it('is not woken by somebody who types, and sees the last of it before what was typed', async () => {
    await rest();
    say(state('composing'));
    say(state('paused'));
    await handled(other);
    await phone.expectSilence();
    say(`<body>hello</body>${state('active')}`);
    await phone.expect(/<paused /);
    await phone.expect(/<body>hello<\/body>/);
  });

  it('is not woken by copies of such messages either', async () => {
    phone.send(`<iq type='set' id='c'><enable xmlns='${NS.carbons}'/></iq>`);
    await phone.expect(/^<iq type='result' id='c'/);
    const tablet = await ScriptedClient.attachedTo(fixture.server).logIn('dev1', 'tablet');
    await rest();
    tablet.send(`<message to='dev2@example.org/x' type='chat'>${state('composing')}</message>`);
    await other.expect(/<composing /);
    await phone.expectSilence();
    tablet.send(`<message to='dev2@example.org/x' type='chat'><body>hello</body></message>`);
    await phone.expect(/<sent .*<composing /);
    await phone.expect(/<sent .*<body>hello<\/body>/);
  });

  it('gets the newest event of each item when it is active again', async () => {
    phone.send(`<presence><c xmlns='${NS.caps}' hash='sha-1' node='urn:t' ver='x='/></presence>`);
    await phone.expect(/^<presence from='dev1@/);
    await phone.expect(/id='caps'/);
    await phone.expect(/^<presence from='app@/);
    phone.send(
      `<iq type='result' id='caps' to='example.org'><query xmlns='${NS.discoInfo}'><feature var='urn:n+notify'/></query></iq>`,
    );
    await rest();
    const tablet = await ScriptedClient.attachedTo(fixture.server).logIn('dev1', 'tablet');
    for (const [id, n] of ['a1', 'b1', 'a2'])
      tablet.send(
        `<iq type='set' id='s'><pubsub xmlns='${NS.pubsub}'><publish node='urn:n'><item id='${id}'><c xmlns='urn:c' n='${n}'/></item></publish></pubsub></iq>`,
      );
    for (let i = 0; i < 3; i++) await tablet.expect(/^<iq type='result' id='s'/);
    await phone.expectSilence();
    phone.send(ACTIVE);
    await phone.expect(/<item id='b'><c xmlns='urn:c' n='1'\/>/);
    await phone.expect(/<item id='a'><c xmlns='urn:c' n='2'\/>/);
    await phone.expectSilence();
  });

  it('is sent all when too much waits', async () => {
    await rest();
    const senders = await Promise.all(
      Array.from({ length: 8 }, (_, i) => ScriptedClient.attachedTo(fixture.server).logIn('dev3', `r${i}`)),
    );
    const long = 'x'.repeat(9_000);
    for (const sender of senders) {
      sender.send(
        `<message to='${PHONE}' type='chat'>${state('composing')}<thread>${long}</thread></message>`,
      );
      await handled(sender);
    }
    for (let i = 0; i < 8; i++) await phone.expect(new RegExp(`from='dev3@example.org/r${i}'`));
  });
});

it('a resumption finds the client active, and brings what was held, on another server too', async () => {
  const store = new InMemoryStreamManagementStore('first');
  const first = createFixture({ streams: store });
  const second = createFixture({ streams: store.forServer('second') });
  const phone = await ScriptedClient.attachedTo(first.server).logIn('dev1', 'phone');
  phone.send(`<enable xmlns='${NS.sm}' resume='true'/>`);
  const id = (await phone.nextElement()).attrs['id']!;
  await phone.comeOnline();
  phone.send(INACTIVE + PING);
  await phone.expect(/^<iq type='result' id='p'/);
  const tablet = await ScriptedClient.attachedTo(first.server).logIn('dev1', 'tablet');
  await tablet.comeOnline();
  await phone.expectSilence();
  phone.cut();
  await tablet.expect(/^<presence from='dev1@example.org\/phone'/);
  await first.server.stop('system-shutdown', 100);
  const next = ScriptedClient.attachedTo(second.server);
  await next.authenticate('dev1', "dev1's token");
  next.send(`<resume xmlns='${NS.sm}' previd='${id}' h='3'/>`); // two presences and the answer
  await next.expect(/^<resumed /);
  await next.expect(/^<presence from='dev1@example.org\/tablet'/);
  const later = await ScriptedClient.attachedTo(second.server).logIn('dev1', 'laptop');
  await later.comeOnline();
  expect(await next.next()).toMatch(/^<presence from='dev1@example.org\/laptop'/);
  await second.server.stop('system-shutdown', 100);
});
