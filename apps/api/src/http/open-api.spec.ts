import type { OpenAPIObject } from '@nestjs/swagger';
import { ERRORS } from '@carillon/domain';
import { ApiUnderTest } from '../testing/api-under-test.js';
import { openApiDocument } from './open-api.js';

let api: ApiUnderTest;
let document: OpenAPIObject;
beforeAll(async () => {
  api = await ApiUnderTest.start();
  document = openApiDocument(api.app);
});
afterAll(() => api.stop());

interface Operation {
  readonly summary?: string;
  readonly security?: readonly unknown[];
  readonly responses: Readonly<Record<string, { readonly content?: object }>>;
}

const operations = () =>
  Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item as Record<string, Operation>).map(([method, operation]) => ({
      name: `${method.toUpperCase()} ${path}`,
      operation,
    })),
  );

describe('the OpenAPI document', () => {
  it('holds every route', () => {
    expect(
      operations()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(ROUTES.sort());
  });

  it('sums each up, says who may, and what can go wrong', () => {
    for (const { name, operation } of operations().filter((each) => each.name.includes('/v1/'))) {
      expect([name, operation.summary]).toEqual([name, expect.stringMatching(/^[A-Z].{5,}/)]);
      expect([name, operation.security]).toEqual([name, [{ bearer: [] }]]);
      expect([name, operation.responses]).toEqual([
        name,
        expect.objectContaining({
          401: expect.objectContaining({ content: { 'application/problem+json': expect.anything() } }),
          403: expect.anything(),
          503: expect.anything(),
        }),
      ]);
    }
  });

  it('points at nothing that is not there', () => {
    const references = JSON.stringify(document).matchAll(/"#\/components\/schemas\/([^"]+)"/g);
    for (const [, name] of references) expect(document.components!.schemas).toHaveProperty(name!);
  });

  it('takes an idempotency key for every POST of a backend', () => {
    const posts = Object.entries(document.paths).filter(
      ([path, { post }]) => post && path.startsWith('/v1/'),
    );
    const without = posts.filter(
      ([, { post }]) => !JSON.stringify(post!.parameters).includes('Idempotency-Key'),
    );
    expect(posts.length).toBeGreaterThan(10);
    // They change nothing, or nothing more, when they are repeated.
    expect(without.map(([path]) => path)).toEqual([
      '/v1/audience/preview',
      '/v1/templates/{id}/preview',
      '/v1/lists/{name}/rows',
    ]);
  });

  it('describes every field', () => {
    const { properties } = document.components!.schemas!.SendNotification as { properties: object };
    expect(Object.keys(properties).sort()).toEqual([
      'at',
      'audience',
      'body',
      'category',
      'collapseKey',
      'critical',
      'data',
      'deliverAt',
      'dryRun',
      'fallbackAfter',
      'kind',
      'pace',
      'priority',
      'replaces',
      'requireAck',
      'requireRecipients',
      'template',
      'title',
      'transports',
      'ttl',
      'uri',
      'variables',
      'zone',
    ]);
  });
});

describe('/problems', () => {
  it('explains every code', async () => {
    const { body } = await api.call('GET', '/problems');
    expect(body).toHaveLength(Object.keys(ERRORS).length);
    const { type } = (await api.call('GET', '/v1/devices/nowhere')).body;
    expect((await api.call('GET', type)).body).toEqual({
      type: '/problems/not-found',
      code: 'not-found',
      status: 404,
      title: 'There is no such resource',
      retryable: false,
    });
    expect((await api.call('GET', '/problems/constructor')).status).toBe(404);
  });
});

const ROUTES = [
  'DELETE /v1/campaigns/{id}',
  'GET /v1/campaigns',
  'GET /v1/campaigns/{id}',
  'GET /v1/campaigns/{id}/changes',
  'GET /v1/campaigns/{id}/preview',
  'GET /v1/campaigns/{id}/report',
  'GET /v1/campaigns/{id}/runs',
  'PATCH /v1/campaigns/{id}',
  'POST /v1/campaigns',
  'POST /v1/campaigns/{id}/approve',
  'POST /v1/campaigns/{id}/cancel',
  'POST /v1/campaigns/{id}/pause',
  'POST /v1/campaigns/{id}/resume',
  'POST /v1/campaigns/{id}/start',
  'POST /v1/campaigns/{id}/winner',
  'PUT /v1/campaigns/{id}',
  'POST /v1/notifications',
  'GET /v1/notifications/{id}',
  'GET /v1/notifications/{id}/deliveries/{device}',
  'POST /v1/notifications/{id}/cancel',
  'POST /v1/publish/{group}',
  'PUT /v1/devices/{id}',
  'PATCH /v1/devices/{id}',
  'GET /v1/devices/{id}',
  'DELETE /v1/dead-letters/{stream}/{id}',
  'GET /v1/dead-letters/{stream}/{id}',
  'DELETE /v1/devices/{id}',
  'DELETE /v1/devices/{id}/token',
  'GET /v1/devices',
  'POST /v1/devices/{id}/token',
  'PUT /v1/devices/{id}/position',
  'DELETE /v1/webhooks/{id}',
  'DELETE /v1/webhooks/{id}/dead-letters/{letter}',
  'GET /v1/webhooks',
  'GET /v1/webhooks/{id}',
  'GET /v1/webhooks/{id}/dead-letters',
  'GET /v1/webhooks/{id}/dead-letters/{letter}',
  'PATCH /v1/webhooks/{id}',
  'POST /v1/webhooks',
  'POST /v1/webhooks/{id}/dead-letters/{letter}/replay',
  'POST /v1/webhooks/{id}/secret',
  'POST /v1/webhooks/{id}/test',
  'POST /v1/notifications/batch',
  'GET /v1/devices/{id}/explain',
  'GET /v1/devices/{id}/presence',
  'GET /v1/notifications/{id}/deliveries',
  'POST /v1/notifications/{id}/pause',
  'POST /v1/notifications/{id}/recall',
  'POST /v1/notifications/{id}/resume',
  'GET /v1/users/{id}/devices',
  'GET /v1/groups/{id}',
  'DELETE /v1/groups/{id}',
  'GET /v1/groups/{id}/members',
  'POST /v1/groups/{id}/members',
  'PUT /v1/groups/{id}/members/users/{user}',
  'DELETE /v1/groups/{id}/members/users/{user}',
  'PUT /v1/groups/{id}/members/devices/{device}',
  'DELETE /v1/groups/{id}/members/devices/{device}',
  'POST /v1/audience/preview',
  'PUT /v1/segments/{name}',
  'GET /v1/segments',
  'GET /v1/segments/{name}',
  'DELETE /v1/segments/{name}',
  'PUT /v1/lists/{name}',
  'POST /v1/lists/{name}/rows',
  'GET /v1/lists',
  'GET /v1/lists/{name}',
  'DELETE /v1/lists/{name}',
  'PUT /v1/caps/{category}',
  'GET /v1/caps',
  'GET /v1/caps/{category}',
  'DELETE /v1/caps/{category}',
  'PUT /v1/templates/{id}',
  'GET /v1/templates',
  'GET /v1/templates/{id}',
  'DELETE /v1/templates/{id}',
  'POST /v1/templates/{id}/preview',
  'GET /v1/devices/{id}/positions',
  'DELETE /v1/devices/{id}/positions',
  'DELETE /v1/devices/{id}/push-services',
  'GET /v1/devices/{id}/export',
  'PUT /v1/geofences/{id}',
  'GET /v1/geofences',
  'GET /v1/geofences/{id}',
  'DELETE /v1/geofences/{id}',
  'POST /v1/keys',
  'GET /v1/keys',
  'DELETE /v1/keys/{id}',
  'POST /v1/registration-key',
  'GET /v1/registration-key',
  'DELETE /v1/registration-key',
  'GET /v1/mqtt/users',
  'GET /v1/mqtt/users/{name}',
  'PUT /v1/mqtt/users/{name}',
  'DELETE /v1/mqtt/users/{name}',
  'GET /v1/stats',
  'GET /v1/dead-letters',
  'POST /v1/dead-letters/{stream}/{id}/replay',
  'GET /problems',
  'GET /problems/{code}',
];
