import { CarillonError } from '../errors/carillon-error.js';
import { lookUp, variantOf } from './content-template.js';
import { parseText, TextFault } from './liquid.js';
import { type MessageFields, parseMessage, sayMessage, scopeOf } from './message.js';
import { parseTemplate } from './parse-template.js';

const notification = { id: '01jd8r2m6w3v5q9t7x4c2b1n0k', at: Date.UTC(2027, 0, 2, 3, 4, 5) };

function faultsOf(work: () => unknown): readonly { pointer: string; detail: string }[] {
  try {
    work();
    return [];
  } catch (error) {
    if (error instanceof CarillonError) return error.faults;
    throw error;
  }
}

describe('a language', () => {
  const known = ['de', 'zh-Hant', 'pt-BR', 'zh', 'en_GB', 'sl-x-lokal'];
  it.each([
    ['de', 'de'],
    ['de-AT', 'de'],
    ['DE_at', 'de'],
    ['zh-Hant-TW', 'zh-Hant'],
    ['zh-Hans-CN', 'zh'],
    ['pt-BR', 'pt-BR'],
    ['pt', undefined],
    ['en-GB-x-twain', 'en_GB'],
    ['fr', undefined],
  ])('%s finds %s', (wanted, found) => expect(lookUp(known, wanted)).toBe(found));
});

describe('a variant', () => {
  const template = {
    title: 'Hello',
    body: 'text',
    locales: { de: { title: 'Hallo' }, 'de-AT': { title: 'Servus', body: null } },
    overrides: { mqtt: { body: 'short', locales: { de: { body: 'kurz' } } } },
  };
  it.each([
    [undefined, undefined, { title: 'Hello', body: 'text' }],
    ['de', undefined, { title: 'Hallo', body: 'text' }],
    ['de-AT', undefined, { title: 'Servus' }],
    ['fr', 'mqtt', { title: 'Hello', body: 'short' }],
    // Each part has its own best: that of the default is the Austrian one, that of the override the German one.
    ['de-AT', 'mqtt', { title: 'Servus', body: 'kurz' }],
    ['de', 'poll', { title: 'Hallo', body: 'text' }],
  ] as const)('for %s over %s', (locale, transport, expected) => {
    expect(variantOf(template, locale, transport)).toEqual(expected);
  });
});

describe('a text', () => {
  const render = (text: string, scope: object = {}): string => parseText(text).render({ ...scope });

  it.each([
    ['plain { text } %}', {}, 'plain { text } %}'],
    ['{{ name | default: "you" }}', { name: null }, 'you'],
    ['{{ name | upcase }}', { name: 'anna' }, 'ANNA'],
    ['{% if n > 1 %}{{ n }} letters{% else %}a letter{% endif %}', { n: 2 }, '2 letters'],
    ['{% for i in items %}{{ i }};{% endfor %}', { items: ['a', 'b'] }, 'a;b;'],
    ['{{ items }}', { items: ['a', 'b'] }, 'a, b'],
    ['{{ at | date: "%H:%M", "Asia/Tokyo" }}', { at: '2026-01-01T00:00:00Z' }, '09:00'],
    ['{{ at | date: "%H:%M" }}', { at: '2026-01-01T00:30:00Z' }, '00:30'],
    ['{{ gone.deep | default: "-" }}', { gone: {} }, '-'],
  ])('%s', (text, scope, expected) => expect(render(text, scope)).toBe(expected));

  it.each([
    ['{{ name | nope }}', {}, 1, 1, 'undefined filter: nope'],
    ['a\n{% foo %}', {}, 2, 1, 'tag "foo" not found'],
    ['{{ name ', {}, 1, 1, 'output "{{ name " not closed'],
    ["{% include 'secret' %}", {}, 1, 1, 'tag "include" not found'],
    ["{% render 'secret' %}", {}, 1, 1, 'tag "render" not found'],
    ['{{ x | where_exp: "i", "i" }}', { x: [] }, 1, 1, 'undefined filter: where_exp'],
    ['a\nb {{ name }}', {}, 2, 6, 'undefined variable: name'],
    ['{{ o }}', { o: { a: 1 } }, 1, 1, 'is an object: name one of its members'],
    ['{{ o.constructor }}', { o: {} }, 1, 4, 'undefined variable: o.constructor'],
    ['{% for i in (1..100000000) %}x{% endfor %}', {}, 1, 1, 'takes more memory than a text may'],
    ["{{ 'now' | date: '%Y' }}", {}, 1, 1, 'date of "now": use notification.at'],
    [
      "{% assign x = 'aaaaaaaaaa' %}{% for i in (1..99) %}{% assign x = x | append: x %}{% endfor %}{{ x }}",
      {},
      1,
      52,
      'takes more memory than a text may',
    ],
  ])('%s is refused with its place', (text, scope, line, column, reason) => {
    let fault: unknown;
    try {
      render(text, scope);
    } catch (error) {
      fault = error;
    }
    expect(fault).toBeInstanceOf(TextFault);
    expect(fault).toMatchObject({ line, column, reason });
  });

  it('that never ends is ended', () => {
    const items = Array.from({ length: 20_000 }, (_, i) => i);
    const text = '{% for a in items %}{% for b in items %}{% if a == b %}{% endif %}{% endfor %}{% endfor %}';
    expect(() => render(text, { items })).toThrow('takes longer than a text may');
  });
});

describe('a template', () => {
  it('says every fault with its place', () => {
    const template = {
      title: 'Hi {{ name | shout }}',
      uri: 'a b',
      data: { deep: [{ text: '{% if %}' }] },
      locales: { de: { title: 7 }, 'not a tag': {}, DE: { subject: 'x' } },
      overrides: { carrier: {}, mqtt: { data: 'x' } },
      variables: { '1st': 1, device: {} },
    };
    expect(faultsOf(() => parseTemplate(template))).toEqual([
      { pointer: '/template/uri', detail: 'must be a URI of up to 2048 characters without white space' },
      { pointer: '/template/locales/de/title', detail: 'must be a string' },
      { pointer: '/template/locales/not a tag', detail: 'must be a language tag, such as "de" or "pt-BR"' },
      {
        pointer: '/template/locales/DE',
        detail: 'stands there twice: case and "_" for "-" make no difference',
      },
      {
        pointer: '/template/locales/DE/subject',
        detail: 'is not known; known are title, body, uri, data',
      },
      { pointer: '/template/overrides/carrier', detail: 'is not known; known are mqtt, xmpp, poll' },
      { pointer: '/template/overrides/mqtt/data', detail: 'must be a JSON object' },
      {
        pointer: '/template/variables/1st',
        detail: 'must be a name of letters, digits and "_", up to 64, not beginning with a digit',
      },
      { pointer: '/template/variables/device', detail: 'is what the gateway says: use another name' },
    ]);
  });

  it.each([
    [{ title: 'a\n{{ x | shout }}' }, '/template/title', 'line 2, column 1: undefined filter: shout'],
    [{ title: '{{ device.name }}' }, '/template/title', 'line 1, column 4: a device has device.id, '],
    [{ body: '{{ device.attributes }}' }, '/template/body', 'name the attribute'],
    [{ body: '{{ device[key] }}', variables: { key: 'id' } }, '/template/body', 'a device has'],
    [{ body: '{{ notification.title }}' }, '/template/body', 'notification.id and notification.at'],
    [
      { title: 'x', locales: { de: { data: { a: ['{{ b '] } } } },
      '/template/locales/de/data/a/0',
      'line 1, column 1: output "{{ b " not closed',
    ],
    [{ title: 'a\u0001' }, '/template/title', 'cannot carry'],
    [{ locales: { de: { title: 'x' } } }, '/template', 'nothing to send by default'],
    [[], '/template', 'must be an object'],
  ])('%j is refused', (template, pointer, detail) => {
    expect(faultsOf(() => parseTemplate(template))).toEqual([
      { pointer, detail: expect.stringContaining(detail) },
    ]);
  });

  it('is too large when a variant is', () => {
    const half = 'x'.repeat(40_000);
    const template = { title: half, locales: { de: { body: half } } };
    expect(() => parseTemplate(template)).toThrow(/in de: title, body, uri and data have 80\d+ bytes/);
  });
});

describe('a message', () => {
  const parse = (fields: MessageFields) => parseMessage(fields);

  it('without a template stands as it is', () => {
    const said = sayMessage(parse({ title: '{{ name }}', body: '' }), notification);
    expect(said).toEqual({ kind: 'notification', title: '{{ name }}' });
  });

  it('that is the same for every device is made once', () => {
    const message = parse({
      template: {
        title: 'Order {{ order }}',
        data: { order: '{{ order }}', at: '{{ notification.at }}', n: 3 },
        overrides: { mqtt: { title: null, body: '#{{ order }}' } },
        variables: { order: 1 },
      },
      variables: { order: '4711' },
    });
    const data = { order: '4711', at: '2027-01-02T03:04:05.000Z', n: 3 };
    expect(sayMessage(message, notification)).toEqual({
      kind: 'notification',
      title: 'Order 4711',
      data,
      overrides: { mqtt: { body: '#4711', data } },
    });
  });

  it.each([
    [{ variables: { a: 1 }, title: 'x' }, '/variables', 'are for a template'],
    [{ template: { title: 'x' }, body: 'y' }, '/body', 'stands beside a template: give one of them'],
    [{ template: 'gone' }, '/template', 'there is no template gone'],
    [
      { template: { title: 'a', body: '{{ order }}' } },
      '/variables/order',
      'has no value, and is used at /template/body line 1, column 4; null is a value too',
    ],
    [{ template: { data: { a: 1 } } }, '/template/title', 'a notification is shown to a person'],
    [
      { template: { title: 'x', uri: 'https://x/{{ a }}' }, variables: { a: 'b c' } },
      '/template/uri',
      'must be a URI',
    ],
    [{ template: { title: '{{ a }}' }, variables: { a: null } }, '/template/title', 'shown to a person'],
    [{ template: { title: '{{ a }}' }, variables: { a: '\u0001' } }, '/template/title', 'cannot carry'],
    [
      { template: { title: '{{ a.b }}' }, variables: { a: {} } },
      '/template/title',
      'undefined variable: a.b',
    ],
  ])('%j is refused', (fields, pointer, detail) => {
    const refused = faultsOf(() => sayMessage(parse(fields), notification));
    expect(refused).toEqual([{ pointer, detail: expect.stringContaining(detail) }]);
  });

  it('for each device differs by its language, its attributes and nothing else', () => {
    const { template } = parse({
      template: {
        title: 'Hi {{ device.attributes.name | default: "you" }}',
        locales: { de: { title: 'Hallo {{ device.attributes.name }} in {{ device.timeZone }}' } },
      },
    });
    expect(template).toMatchObject({ isShared: false, attributes: ['name'] });
    const render = (device: object, locale?: string) =>
      template!.render('notification', locale, scopeOf(template!.template, notification, { ...device }));
    expect(render({ attributes: {} })).toEqual({ ok: true, content: { title: 'Hi you' } });
    expect(render({ attributes: { name: 'Anna' }, timeZone: 'UTC' }, 'de-AT')).toEqual({
      ok: true,
      content: { title: 'Hallo Anna in UTC' },
    });
    expect(render({ attributes: {}, timeZone: 'UTC' }, 'de')).toEqual({
      ok: false,
      pointer: '/title',
      reason: 'line 1, column 10: undefined variable: device.attributes.name',
    });
    expect(render({ attributes: { name: 'x'.repeat(66_000) } })).toMatchObject({
      ok: false,
      reason: expect.stringContaining('65536 is the most'),
    });
  });
});
