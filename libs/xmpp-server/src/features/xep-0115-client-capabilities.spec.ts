import { createFixture, type Fixture } from '../testing/fixture.js';
import { ScriptedClient } from '../testing/scripted-client.js';
import { NS } from '../stream/namespaces.js';

/** XEP-0115 §5.2: a client with nothing but features. */
const SIMPLE = {
  ver: 'QgayPKawpkPSDYmwT/WM94uAlu0=',
  info:
    `<identity category='client' type='pc' name='Exodus 0.9.1'/>` +
    [
      'http://jabber.org/protocol/disco#info',
      'http://jabber.org/protocol/muc',
      'http://jabber.org/protocol/disco#items',
      'http://jabber.org/protocol/caps',
    ]
      .map((name) => `<feature var='${name}'/>`)
      .join(''),
};

/** XEP-0115 §5.3: identities in two languages, and a form. */
const field = (name: string, ...values: string[]): string =>
  `<field var='${name}'>${values.map((value) => `<value>${value}</value>`).join('')}</field>`;
const COMPLEX = {
  ver: 'q07IKJEyjvHSyhy//CH0CxmKi8w=',
  info:
    `<identity xml:lang='en' category='client' name='Psi 0.11' type='pc'/>` +
    `<identity xml:lang='el' category='client' name='Ψ 0.11' type='pc'/>` +
    ['caps', 'disco#info', 'disco#items', 'muc']
      .map((name) => `<feature var='http://jabber.org/protocol/${name}'/>`)
      .join('') +
    `<x xmlns='jabber:x:data' type='result'>${field('FORM_TYPE', 'urn:xmpp:dataforms:softwareinfo')}${field('ip_version', 'ipv4', 'ipv6')}` +
    `${field('os', 'Mac')}${field('os_version', '10.5.1')}${field('software', 'Psi')}${field('software_version', '0.11')}</x>`,
};

const MUC = 'http://jabber.org/protocol/muc';

describe('XEP-0115, of clients', () => {
  let fixture: Fixture;
  beforeEach(() => {
    fixture = createFixture();
  });

  const online = async (user: string, ver: string): Promise<ScriptedClient> => {
    const client = await ScriptedClient.attachedTo(fixture.server).logIn(user, 'phone');
    client.send(`<presence><c xmlns='${NS.caps}' hash='sha-1' node='urn:test' ver='${ver}'/></presence>`);
    await client.expect(/^<presence /);
    return client;
  };
  const answer = async (client: ScriptedClient, ver: string, info: string): Promise<void> => {
    await client.expect(
      new RegExp(
        `^<iq type='get' id='caps' from='example.org' to='[^']+'><query xmlns='${NS.discoInfo}' node='urn:test#${ver.replaceAll(/[+/]/g, '.')}'/></iq>$`,
      ),
    );
    client.send(
      `<iq type='result' id='caps' to='example.org'><query xmlns='${NS.discoInfo}'>${info}</query></iq>`,
    );
    await client.expect(/^<presence from='app@/);
  };
  const supports = (user: string, feature = MUC): boolean =>
    fixture.server.session(`${user}@example.org/phone`)!.supports(feature);

  it.each([
    ['a simple one', SIMPLE],
    ['one with languages and a form', COMPLEX],
  ])('asks for the features behind a hash once: %s', async (_name, { ver, info }) => {
    await answer(await online('dev1', ver), ver, info);
    expect([supports('dev1'), supports('dev1', 'urn:none')]).toEqual([true, false]);
    const second = await online('dev2', ver);
    await second.expect(/^<presence from='app@/);
    expect(supports('dev2')).toBe(true);
  });

  it('believes an answer that does not fit the hash for its own session alone', async () => {
    const forged = `${SIMPLE.info}<feature var='urn:xmpp:message-correct:0'/>`;
    await answer(await online('dev1', SIMPLE.ver), SIMPLE.ver, forged);
    expect(supports('dev1', NS.correction)).toBe(true);
    await answer(await online('dev2', SIMPLE.ver), SIMPLE.ver, SIMPLE.info);
    expect(supports('dev2', NS.correction)).toBe(false);
  });

  it('asks nothing of a client without a hash, and takes an error for nothing', async () => {
    const plain = await ScriptedClient.attachedTo(fixture.server).logIn('dev1', 'phone');
    await plain.comeOnline();
    await plain.expectSilence();
    const refusing = await online('dev2', SIMPLE.ver);
    await refusing.next();
    refusing.send(`<iq type='error' id='caps' to='example.org'><error type='cancel'/></iq>`);
    await refusing.expect(/^<presence from='app@/);
    expect([supports('dev1'), supports('dev2')]).toEqual([false, false]);
  });
});
