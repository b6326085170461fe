import { createFixture } from '../testing/fixture.js';
import { ScriptedClient } from '../testing/scripted-client.js';
import type { ArchiveHooks } from '../hooks.js';
import { Element } from '../stanza/element.js';
import { NS } from '../stream/namespaces.js';

const DAY = Date.UTC(2026, 4, 1);
const MESSAGES = Array.from({ length: 5 }, (_each, i) => ({ id: `m${i + 1}`, at: DAY + i * 3_600_000 }));
const hooks: ArchiveHooks = {
  list: async () => MESSAGES,
  load: async (_session, messages) =>
    messages.map(({ id }) =>
      id === 'm4' ? undefined : `<message from='app@example.org' id='${id}'><body>${id}</body></message>`,
    ),
};

const field = (name: string, ...values: string[]): string =>
  `<field var='${name}'>${values.map((value) => `<value>${value}</value>`).join('')}</field>`;
const form = (...fields: string[]): string =>
  `<x xmlns='jabber:x:data' type='submit'>${field('FORM_TYPE', NS.archive)}${fields.join('')}</x>`;
const set = (content: string): string => `<set xmlns='${NS.resultSet}'>${content}</set>`;

describe('XEP-0313', () => {
  let client: ScriptedClient;
  beforeEach(async () => {
    const { server } = createFixture({ hooks: { archive: hooks } });
    client = await ScriptedClient.attachedTo(server).logIn('dev1', 'phone');
  });

  /** The ids of the messages that come, and what ends them. */
  async function ask(content: string, attrs = ''): Promise<{ ids: string[]; answer: Element }> {
    client.send(`<iq type='set' id='q'><query xmlns='${NS.archive}'${attrs}>${content}</query></iq>`);
    const ids: string[] = [];
    for (;;) {
      const element = await client.nextElement();
      if (element.name === 'iq') return { ids, answer: element };
      ids.push(element.child('result', NS.archive)!.attrs['id']!);
    }
  }
  const idsOf = async (content: string, attrs?: string): Promise<string[]> => (await ask(content, attrs)).ids;
  const errorOf = async (content: string): Promise<string> =>
    (await ask(content)).answer.child('error')!.elements[0]!.name;

  it('is announced by the account, where there is an archive', async () => {
    const info = `<iq type='get' id='d' to='dev1@example.org'><query xmlns='${NS.discoInfo}'/></iq>`;
    client.send(info);
    await client.expect(/<feature var='urn:xmpp:mam:2'\/><feature var='urn:xmpp:mam:2#extended'\/>/);
    const other = await ScriptedClient.attachedTo(createFixture().server).logIn('dev1', 'phone');
    other.send(info);
    await other.expect(/^(?!.*mam).*<feature/);
    other.send(`<iq type='set' id='q'><query xmlns='${NS.archive}'/></iq>`);
    expect(await other.next()).toContain('service-unavailable');
  });

  it('sends messages as they were, with id and time, and then says that this is all', async () => {
    client.send(
      `<iq type='set' id='q'><query xmlns='${NS.archive}' queryid='x'>${set('<max>1</max>')}</query></iq>`,
    );
    await client.expect(
      `<message from='dev1@example.org' to='dev1@example.org/phone'><result xmlns='urn:xmpp:mam:2' queryid='x' id='m1'>` +
        `<forwarded xmlns='urn:xmpp:forward:0'><delay xmlns='urn:xmpp:delay' stamp='2026-05-01T00:00:00.000Z'/>` +
        `<message xmlns='jabber:client' from='app@example.org' id='m1'><body>m1</body></message></forwarded></result></message>`,
    );
    await client.expect(
      `<iq type='result' id='q' to='dev1@example.org/phone'><fin xmlns='urn:xmpp:mam:2'>` +
        `<set xmlns='${NS.resultSet}'><first index='0'>m1</first><last>m1</last><count>5</count></set></fin></iq>`,
    );
    const { ids, answer } = await ask('');
    expect(ids).toEqual(['m1', 'm2', 'm3', 'm5']);
    expect(answer.child('fin', NS.archive)!.attrs['complete']).toBe('true');
  });

  it('pages forwards and backwards, as XEP-0059 has it', async () => {
    expect(await idsOf(set('<max>2</max><after>m2</after>'))).toEqual(['m3']);
    expect(await idsOf(set('<max>2</max><before/>'))).toEqual(['m5']);
    expect(await idsOf(set('<max>2</max><before>m4</before>'))).toEqual(['m2', 'm3']);
    expect(await idsOf(`${set('<max>2</max><before>m4</before>')}<flip-page/>`)).toEqual(['m3', 'm2']);
    const { ids, answer } = await ask(set('<max>0</max>'));
    expect([ids, answer.toString()]).toEqual([[], expect.stringContaining('<count>5</count>')]);
    expect(await errorOf(set('<after>none</after>'))).toBe('item-not-found');
    expect(await errorOf(set('<max>many</max>'))).toBe('bad-request');
  });

  it('selects by time, by whom and by id', async () => {
    expect(await idsOf(form(field('start', '2026-05-01T02:00:00Z')))).toEqual(['m3', 'm5']);
    expect(await idsOf(form(field('end', '2026-05-01T01:00:00Z')))).toEqual(['m1', 'm2']);
    expect(await idsOf(form(field('with', 'app@example.org')))).toHaveLength(4);
    expect(await idsOf(form(field('with', 'romeo@example.net')))).toEqual([]);
    expect(await idsOf(form(field('after-id', 'm1'), field('before-id', 'm4')))).toEqual(['m2', 'm3']);
    expect(await idsOf(form(field('ids', 'm5', 'm1')))).toEqual(['m1', 'm5']);
    expect(await errorOf(form(field('ids', 'm1', 'none')))).toBe('item-not-found');
    expect(await errorOf(form(field('after-id', 'none')))).toBe('item-not-found');
    expect(await errorOf(form(field('start', 'yesterday')))).toBe('bad-request');
    expect(await errorOf(form(field('colour', 'red')))).toBe('feature-not-implemented');
  });

  it('tells its form, its ends and that everything is kept', async () => {
    const get = async (name: string): Promise<string> => {
      client.send(`<iq type='get' id='g'><${name} xmlns='${NS.archive}'/></iq>`);
      return client.next();
    };
    expect(await get('query')).toContain(`<field var='start' type='text-single'/>`);
    expect(await get('metadata')).toContain(
      `<start id='m1' timestamp='2026-05-01T00:00:00.000Z'/><end id='m5' timestamp='2026-05-01T04:00:00.000Z'/>`,
    );
    expect(await get('prefs')).toContain(
      `<prefs xmlns='urn:xmpp:mam:2' default='always'><always/><never/></prefs>`,
    );
    client.send(`<iq type='set' id='g'><prefs xmlns='${NS.archive}' default='never'/></iq>`);
    await client.expect(/not-allowed/);
  });
});
