/* oxlint-disable jest/expect-expect -- what a scripted client expects is an assertion too */
import { createFixture, eventually, type Fixture } from '../testing/fixture.js';
import { ScriptedClient } from '../testing/scripted-client.js';

const PHONE = 'dev1@example.org/phone';
const TABLET = 'dev1@example.org/tablet';
const INACTIVE = "<inactive xmlns='urn:xmpp:csi:0'/>";
const ACTIVE = "<active xmlns='urn:xmpp:csi:0'/>";
const PING = "<iq type='get' id='p' to='example.org'><ping xmlns='urn:xmpp:ping'/></iq>";

describe('presence (RFC 6121 §4)', () => {
  let fixture: Fixture;
  let phone: ScriptedClient;

  beforeEach(async () => {
    fixture = createFixture();
    phone = await ScriptedClient.attachedTo(fixture.server).logIn('dev1', 'phone');
  });
  afterEach(() => fixture.server.stop('system-shutdown', 100));

  const bringTablet = async (): Promise<ScriptedClient> => {
    const tablet = await ScriptedClient.attachedTo(fixture.server).logIn('dev1', 'tablet');
    await tablet.comeOnline();
    return tablet;
  };

  it('comes back to its sender, with that of the app, and opens the way for pushes', async () => {
    phone.send('<presence><show>away</show><priority>5</priority></presence>');
    await phone.expect(
      `<presence from='${PHONE}' to='${PHONE}'><show>away</show><priority>5</priority></presence>`,
    );
    await phone.expect(`<presence from='app@example.org' to='${PHONE}'/>`);
    expect(fixture.events).toEqual(['bound dev1/phone', 'available dev1/phone']);
    const session = fixture.server.session('dev1@example.org')!;
    expect([session.available, session.priority, session.jid.resource]).toEqual([true, 5, 'phone']);
  });

  it('is told to the other resources, also when one goes without a word', async () => {
    await phone.comeOnline();
    const tablet = await bringTablet();
    await tablet.expect(`<presence from='${PHONE}' to='${TABLET}'/>`);
    await phone.expect(`<presence from='${TABLET}' to='${PHONE}'/>`);
    tablet.cut();
    await phone.expect(`<presence type='unavailable' from='${TABLET}' to='${PHONE}'/>`);
  });

  it('ends with unavailable: no pushes then, until it comes again', async () => {
    await phone.comeOnline();
    phone.send("<presence type='unavailable'/>");
    await phone.expect(`<presence type='unavailable' from='${PHONE}' to='${PHONE}'/>`);
    expect(fixture.server.session('dev1@example.org')).toBeUndefined();
    await phone.comeOnline();
    expect(fixture.events).toEqual([
      'bound dev1/phone',
      'available dev1/phone',
      'unavailable dev1/phone',
      'available dev1/phone',
    ]);
  });

  it('may change without a second arrival', async () => {
    await phone.comeOnline();
    phone.send('<presence><show>dnd</show></presence>');
    await phone.expect(/<show>dnd/);
    await phone.expectSilence();
    expect(fixture.events).toEqual(['bound dev1/phone', 'available dev1/phone']);
  });

  it('chooses the best resource: the highest priority, the latest of equals, never a negative one', async () => {
    const best = (): string | undefined => fixture.server.session('dev1@example.org')?.jid.resource;
    const tablet = await bringTablet();
    const announce = async (client: ScriptedClient, priority: number): Promise<void> => {
      client.send(`<presence><priority>${priority}</priority></presence>`);
      await eventually(() =>
        expect(fixture.server.sessionsOf('dev1@example.org').some((s) => s.priority === priority)).toBe(true),
      );
    };
    await announce(phone, 7);
    expect(best()).toBe('phone');
    await announce(tablet, 9);
    expect(best()).toBe('tablet');
    await announce(tablet, -1);
    expect(best()).toBe('phone');
    await announce(phone, -2);
    expect(best()).toBeUndefined();
  });

  it.each(['128', '-129', 'high', '1.5', '1e1'])('refuses priority %s', async (priority) => {
    phone.send(`<presence id='1'><priority>${priority}</priority></presence>`);
    await phone.expect(
      /^<presence to='dev1@example\.org\/phone' id='1' type='error'><error code='400' type='modify'><bad-request /,
    );
    expect(fixture.server.session(PHONE)!.available).toBe(false);
  });

  it('refuses types that do not exist, and JIDs that cannot be', async () => {
    phone.send("<presence type='invisible'/><presence to='@'/>");
    await phone.expect(/<bad-request /);
    await phone.expect(/<jid-malformed /);
  });

  it('lets the app be subscribed to and probed, and nobody else', async () => {
    phone.send("<presence type='subscribe' to='app@example.org'/>");
    await phone.expect("<presence type='subscribed' from='app@example.org' to='dev1@example.org'/>");
    phone.send("<presence type='probe' to='app@example.org'/>");
    await phone.expect(`<presence from='app@example.org' to='${PHONE}'/>`);
    phone.send("<presence type='subscribe' to='dev2@example.org'/>");
    await phone.expect("<presence type='unsubscribed' from='dev2@example.org' to='dev1@example.org'/>");
    phone.send(
      "<presence type='probe' to='dev2@example.org'/><presence to='dev2@example.org'/><presence type='error'/>",
    );
    await phone.expectSilence();
  });

  describe('for an inactive client (XEP-0352)', () => {
    it('waits, the newest of each resource, until the client is active again', async () => {
      await phone.comeOnline();
      phone.send(INACTIVE + PING);
      await phone.next();
      const tablet = await bringTablet();
      tablet.send('<presence><show>away</show></presence>');
      await eventually(() => expect(fixture.server.sessionsOf('dev1@example.org')).toHaveLength(2));
      await phone.expectSilence();
      phone.send(ACTIVE);
      await phone.expect(`<presence from='${TABLET}' to='${PHONE}'><show>away</show></presence>`);
      await phone.expectSilence();
    });

    it('goes out before the next push, which never waits', async () => {
      await phone.comeOnline();
      phone.send(INACTIVE + PING);
      await phone.next();
      await bringTablet();
      const session = fixture.server.session(PHONE)!;
      session.deliver({ id: 'n1', cookie: 1, stanza: "<message id='n1'/>" });
      await phone.expect(`<presence from='${TABLET}' to='${PHONE}'/>`);
      await phone.expect("<message id='n1'/>");
    });

    it('is written before anything that cannot wait, in the order of the newest', async () => {
      await phone.comeOnline();
      phone.send(INACTIVE + PING);
      await phone.next();
      const tablet = await bringTablet();
      const laptop = await ScriptedClient.attachedTo(fixture.server).logIn('dev1', 'laptop');
      await laptop.comeOnline();
      tablet.send('<presence><show>away</show></presence>' + PING);
      await tablet.expect(/phone/);
      await tablet.expect(/laptop/);
      await tablet.expect(/away/);
      await tablet.expect(/^<iq type='result' id='p'/);
      phone.send(PING);
      await phone.expect(/^<presence from='dev1@example.org\/laptop'/);
      await phone.expect(/^<presence from='dev1@example.org\/tablet'.*away/);
      await phone.expect(/^<iq type='result' id='p'/);
    });

    it('knows two words only', async () => {
      phone.send("<sleepy xmlns='urn:xmpp:csi:0'/>");
      await phone.expectStreamError('unsupported-stanza-type');
    });
  });
});
