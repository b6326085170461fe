import { ApiUnderTest } from '../testing/api-under-test.js';

let api: ApiUnderTest;
beforeAll(async () => {
  api = await ApiUnderTest.start();
  await api.call('PUT', '/v1/devices/anna-1', { locale: 'de-AT', attributes: { name: 'Anna' } });
  await api.call('PUT', '/v1/devices/bob-1', {});
});
afterAll(() => api.stop());

const welcome = {
  description: 'for new ones',
  title: 'Hello {{ device.attributes.name }}',
  body: 'Order {{ order }}',
  locales: { de: { title: 'Hallo {{ device.attributes.name }}' } },
  overrides: { mqtt: { body: null, data: { o: '{{ order }}' } } },
};

it('is saved, listed, read, replaced and deleted', async () => {
  const created = await api.call('PUT', '/v1/templates/welcome', welcome);
  expect(created).toMatchObject({ status: 201, body: { id: 'welcome', ...welcome, needs: ['order'] } });
  expect((await api.call('GET', '/v1/templates/welcome')).body).toEqual(created.body);
  const replaced = await api.call('PUT', '/v1/templates/welcome', { ...welcome, variables: { order: 1 } });
  expect(replaced).toMatchObject({ status: 200, body: { needs: [], createdAt: created.body.createdAt } });
  await api.call('PUT', '/v1/templates/zeta', { body: 'x' });
  const first = await api.call('GET', '/v1/templates?limit=1');
  expect(first.body).toMatchObject({ templates: [{ id: 'welcome' }], next: 'welcome' });
  const second = await api.call('GET', `/v1/templates?limit=1&cursor=${first.body.next}`);
  expect(second.body).toMatchObject({ templates: [{ id: 'zeta' }] });
  expect(second.body.next).toBeUndefined();
  expect((await api.call('DELETE', '/v1/templates/zeta')).status).toBe(204);
  expect((await api.call('DELETE', '/v1/templates/zeta')).status).toBe(404);
  const stranger = { authorization: `Bearer ${await api.newKey(['admin'], 'other')}` };
  expect((await api.call('GET', '/v1/templates/welcome', undefined, stranger)).status).toBe(404);
});

it('is refused with line and column of every fault', async () => {
  const { status, body } = await api.call('PUT', '/v1/templates/bad', {
    title: 'Hi\n{{ name | shout }}',
    locales: { fr: { body: '{% if x %}' } },
  });
  expect(status).toBe(400);
  expect(body).toMatchObject({
    code: 'invalid-request',
    faults: [
      { pointer: '/title', detail: 'line 2, column 1: undefined filter: shout' },
      { pointer: '/locales/fr/body', detail: 'line 1, column 1: tag {% if x %} not closed' },
    ],
  });
  expect((await api.call('PUT', '/v1/templates/bad', { subject: 'x' })).body.faults).toEqual([
    { pointer: '/subject', detail: expect.any(String) },
  ]);
  expect((await api.call('PUT', '/v1/templates/-bad', { title: 'x' })).status).toBe(400);
  expect((await api.call('PUT', '/v1/templates/bad', { title: 'x'.repeat(66_000) })).status).toBe(413);
});

it('shows what it says, to devices and in its languages', async () => {
  const { body } = await api.call('POST', '/v1/templates/welcome/preview', {
    variables: { order: '4711' },
    devices: ['anna-1', 'bob-1', 'ghost'],
  });
  expect(body.previews).toEqual([
    {
      device: 'anna-1',
      locale: 'de-AT',
      content: { title: 'Hallo Anna', body: 'Order 4711' },
      overrides: { mqtt: { title: 'Hallo Anna', data: { o: '4711' } } },
    },
    { device: 'bob-1', failure: '/title line 1, column 10: undefined variable: device.attributes.name' },
    { device: 'ghost', failure: 'there is no such device' },
  ]);
  await api.call('PUT', '/v1/templates/plain', { title: 'Tea', locales: { de: { title: 'Tee' } } });
  const languages = await api.call('POST', '/v1/templates/plain/preview', {});
  expect(languages.body.previews).toEqual([
    { content: { title: 'Tea' } },
    { locale: 'de', content: { title: 'Tee' } },
  ]);
});

it('is shown by the preview of an audience', async () => {
  const preview = (content: unknown) =>
    api.call('POST', '/v1/audience/preview', { audience: { device: 'anna-1' }, content });
  const { body } = await preview({ template: 'welcome', variables: { order: 2 } });
  expect(body.rendered).toMatchObject([{ device: 'anna-1', content: { body: 'Order 2' } }]);
  expect((await preview({ title: 'Tea' })).body.rendered).toEqual([
    { device: 'anna-1', locale: 'de-AT', content: { title: 'Tea' } },
  ]);
  expect((await preview({ template: 'gone' })).body.faults).toEqual([
    { pointer: '/content/template', detail: 'there is no template gone' },
  ]);
  expect((await preview({ titel: 'x', kind: 'recall' })).body.faults).toMatchObject([
    { pointer: '/content/titel' },
    { pointer: '/content/kind' },
  ]);
});

describe('a send', () => {
  const send = (more: object) =>
    api.call('POST', '/v1/notifications', { audience: { device: 'anna-1' }, ...more });

  it('keeps the template as it was', async () => {
    await api.call('PUT', '/v1/templates/moving', { title: 'First {{ device.id }}' });
    const { body } = await send({ template: 'moving' });
    await api.call('PUT', '/v1/templates/moving', { title: 'Second' });
    const kept = (await api.call('GET', body.links.self)).body;
    expect(kept.template).toEqual({ title: 'First {{ device.id }}', variables: {} });
    expect(kept.title).toBeUndefined();
  });

  it('of what is the same for everybody has it made already', async () => {
    const template = { title: 'Order {{ n }}', overrides: { poll: { title: 'P{{ n }}' } } };
    const { body } = await send({ template, variables: { n: 7 } });
    expect((await api.call('GET', body.links.self)).body).toMatchObject({
      title: 'Order 7',
      overrides: { poll: { title: 'P7' } },
    });
  });

  it.each([
    [{ template: 'gone' }, '/template', 'there is no template gone'],
    [{ template: 'welcome', title: 'x' }, '/title', 'stands beside a template: give one of them'],
    [
      { template: { title: '{{ who }}' } },
      '/variables/who',
      'has no value, and is used at /template/title line 1',
    ],
    [{ template: 7 }, '/template', 'must be the id of a template, or a template'],
    [{ title: 'x', variables: {} }, '/variables', 'are for a template: texts stand as they are'],
  ])('of %j is refused', async (more, pointer, detail) => {
    const { status, body } = await send(more);
    expect(status).toBe(400);
    expect(body.faults).toEqual([{ pointer, detail: expect.stringContaining(detail) }]);
  });

  it('of a batch stands for itself', async () => {
    const audience = { device: 'anna-1' };
    const { body } = await api.call('POST', '/v1/notifications/batch', {
      notifications: [
        { audience, template: 'welcome', variables: { order: 1 } },
        { audience, template: 'gone' },
      ],
    });
    expect(body.results).toMatchObject([
      { accepted: { status: 'accepted' } },
      { refused: { faults: [{ pointer: '/template' }] } },
    ]);
  });
});
