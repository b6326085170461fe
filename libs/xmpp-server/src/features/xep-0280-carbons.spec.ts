import { createFixture, type Fixture } from '../testing/fixture.js';
import { ScriptedClient } from '../testing/scripted-client.js';

const ENABLE = `<iq type='set' id='c'><enable xmlns='urn:xmpp:carbons:2'/></iq>`;
const DISABLE = `<iq type='set' id='c'><disable xmlns='urn:xmpp:carbons:2'/></iq>`;

describe('XEP-0280', () => {
  let fixture: Fixture;
  let phone: ScriptedClient;
  let tablet: ScriptedClient;
  let other: ScriptedClient;
  beforeEach(async () => {
    fixture = createFixture({ hooks: { onMessage: () => 'route' } });
    phone = await ScriptedClient.attachedTo(fixture.server).logIn('dev1', 'phone');
    await phone.comeOnline();
    tablet = await ScriptedClient.attachedTo(fixture.server).logIn('dev1', 'tablet');
    other = await ScriptedClient.attachedTo(fixture.server).logIn('dev2', 'x');
    tablet.send(ENABLE);
    await tablet.expect(/^<iq type='result' id='c'/);
  });

  const hello = (more = '', type = 'chat'): string =>
    `<message to='dev2@example.org/x' type='${type}' id='m'><body>hello</body>${more}</message>`;

  it('copies what another resource of the account sends', async () => {
    phone.send(hello());
    await other.expect(/^<message to='dev2@example.org\/x' type='chat' id='m'/);
    await tablet.expect(
      `<message from='dev1@example.org' to='dev1@example.org/tablet' type='chat'><sent xmlns='urn:xmpp:carbons:2'>` +
        `<forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' to='dev2@example.org/x' type='chat' id='m' ` +
        `from='dev1@example.org/phone'><body>hello</body></message></forwarded></sent></message>`,
    );
    expect(await phone.expectSilence()).toBeUndefined();
  });

  it('copies what another resource gets', async () => {
    other.send(`<message to='dev1@example.org/phone' type='chat' id='n'><body>hi</body></message>`);
    await phone.expect(/id='n'/);
    expect(await tablet.next()).toMatch(
      /^<message from='dev1@example.org' to='dev1@example.org\/tablet' type='chat'><received /,
    );
  });

  it('copies nothing private, and takes the mark away', async () => {
    phone.send(hello(`<private xmlns='urn:xmpp:carbons:2'/>`));
    await other.expect(/<body>hello<\/body><\/message>$/);
    phone.send(hello(`<no-copy xmlns='urn:xmpp:hints'/>`));
    await other.expect(/no-copy/);
    phone.send(hello('', 'headline'));
    await other.expect(/headline/);
    expect(await tablet.expectSilence()).toBeUndefined();
  });

  it('copies nothing any more after disable', async () => {
    tablet.send(DISABLE);
    await tablet.expect(/^<iq type='result' id='c'/);
    phone.send(hello());
    await other.expect(/hello/);
    expect(await tablet.expectSilence()).toBeUndefined();
  });
});
