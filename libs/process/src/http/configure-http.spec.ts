import { Body, Controller, Get, HttpException, Module, Post, Query } from '@nestjs/common';
import { type NestFastifyApplication, RouteConfig } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { CarillonError } from '@carillon/domain';
import { Type } from 'class-transformer';
import { IsInt, IsObject, IsOptional, IsString, Max, ValidateNested } from 'class-validator';
import type { InjectOptions } from 'fastify';
import { configureHttp, FreeForm, newHttpAdapter, PROBLEM_MEDIA_TYPE, TEXT_BODY } from './index.js';

class Place {
  @IsInt({ message: 'must be a whole number' })
  lat!: number;
}

class Thing {
  @IsString()
  name!: string;

  @IsOptional()
  @ValidateNested()
  @Type(() => Place)
  place?: Place;

  @IsOptional()
  @FreeForm()
  @IsObject()
  data?: unknown;
}

class Page {
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Max(10)
  limit?: number;
}

const FAILURES: Record<string, () => unknown> = {
  conflict: () => new CarillonError('conflict', 'taken', { extensions: { owner: 'x' } }),
  busy: () => new CarillonError('unavailable', 'later', { retryAfterSeconds: 7 }),
  teapot: () => new HttpException('short and stout', 418),
  own: () => new TypeError('cannot read secret of undefined'),
  text: () => 'thrown text',
  redis: () => new Error('Connection is closed.'),
  refused: () => Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }),
  timeout: () => new Error('Command timed out'),
  loading: () => new Error('LOADING Redis is loading the dataset in memory'),
};

@Controller('v1')
class ThingsController {
  @Post('things')
  create(@Body() thing: Thing): Thing {
    return thing;
  }

  @Get('things/:id')
  read(): string {
    return 'thing';
  }

  @Get('things')
  list(@Query() page: Page): Page {
    return page;
  }

  @Post('text')
  @RouteConfig(TEXT_BODY)
  text(@Body() body: string): { body: string } {
    return { body };
  }

  @Get('failures')
  fail(@Query('name') name: string): never {
    throw FAILURES[name]!();
  }
}

@Module({ controllers: [ThingsController] })
class ThingsModule {}

let app: NestFastifyApplication;

beforeAll(async () => {
  const module = await Test.createTestingModule({ imports: [ThingsModule] })
    .setLogger({ log() {}, error() {}, warn() {} })
    .compile();
  app = module.createNestApplication<NestFastifyApplication>(newHttpAdapter());
  configureHttp(app);
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
});
afterAll(() => app.close());

const json = { 'content-type': 'application/json' };
const post = (payload: string | Buffer, headers: Record<string, string> = json): InjectOptions => ({
  method: 'POST',
  url: '/v1/things',
  payload,
  headers,
});
const get = (url: string): InjectOptions => ({ method: 'GET', url });

interface Expected {
  status: number;
  code: string;
  detail?: RegExp;
  faults?: { pointer: string; detail: string }[];
}

const PROBLEMS: [string, InjectOptions, Expected][] = [
  ['malformed JSON', post('{"name":'), { status: 400, code: 'malformed-json', detail: /JSON/ }],
  [
    'a body that is not UTF-8',
    post(Buffer.from([0x22, 0xff, 0x22])),
    { status: 400, code: 'invalid-request' },
  ],
  [
    'a poisoned prototype',
    post('{"name":"a","x":{"__proto__":{}}}'),
    { status: 400, code: 'invalid-request' },
  ],
  [
    'hostile nesting',
    post(`{"name":${'['.repeat(200_000)}${']'.repeat(200_000)}}`),
    { status: 400, code: 'invalid-request', detail: /nested more than 64 deep/ },
  ],
  [
    'an array for an object',
    post('[]'),
    { status: 400, code: 'invalid-request', faults: [{ pointer: '', detail: 'must be a JSON object' }] },
  ],
  [
    'a JSON string for an object',
    post('"name"'),
    { status: 400, code: 'invalid-request', faults: [{ pointer: '', detail: 'must be a JSON object' }] },
  ],
  [
    'an empty body',
    post(''),
    { status: 400, code: 'invalid-request', faults: [{ pointer: '/name', detail: 'must be a string' }] },
  ],
  [
    'unknown fields, by name',
    post('{"name":"a","colour/x":1,"place":{"lat":1,"long":2}}'),
    {
      status: 400,
      code: 'invalid-request',
      detail: /^\/colour~1x is not known/,
      faults: [
        { pointer: '/colour~1x', detail: 'is not known; known are data, name, place' },
        { pointer: '/place/long', detail: 'is not known' },
      ],
    },
  ],
  [
    'unknown fields with the names of methods',
    post('{"name":"a","constructor":1,"toString":2,"place":{"lat":1,"constructor":"x"}}'),
    {
      status: 400,
      code: 'invalid-request',
      faults: [
        { pointer: '/constructor', detail: 'is not known' },
        { pointer: '/toString', detail: 'is not known' },
        { pointer: '/place/constructor', detail: 'is not known' },
      ],
    },
  ],
  [
    'every fault at once',
    post('{"name":1,"place":{"lat":1.5}}'),
    {
      status: 400,
      code: 'invalid-request',
      faults: [
        { pointer: '/name', detail: 'must be a string' },
        { pointer: '/place/lat', detail: 'must be a whole number' },
      ],
    },
  ],
  [
    'a value where an object belongs',
    post('{"name":"a","place":7}'),
    { status: 400, code: 'invalid-request', faults: [{ pointer: '/place', detail: 'must be an object' }] },
  ],
  [
    'a parameter out of bounds',
    get('/v1/things?limit=11'),
    {
      status: 400,
      code: 'invalid-request',
      faults: [{ pointer: 'limit', detail: 'must not be greater than 10' }],
    },
  ],
  [
    'a body of 10 MB',
    post(`{"name":"${'x'.repeat(10_000_000)}"}`),
    { status: 413, code: 'payload-too-large' },
  ],
  [
    'another media type',
    post('<a/>', { 'content-type': 'text/xml' }),
    { status: 415, code: 'unsupported-media-type' },
  ],
  [
    'JSON that came as a form',
    post('{"name":"a"}', { 'content-type': 'application/x-www-form-urlencoded' }),
    { status: 415, code: 'unsupported-media-type', detail: /curl: -H/ },
  ],
  [
    'a path that is not there',
    get('/v1/nothing?x=1'),
    { status: 404, code: 'not-found', detail: /at \/v1\/nothing$/ },
  ],
  [
    'a method that is not there',
    { method: 'PUT', url: '/v1/things/7' },
    { status: 405, code: 'method-not-allowed' },
  ],
  ['a path that cannot be decoded', get('/v1/things/%zz'), { status: 400, code: 'invalid-request' }],
  [
    'a parameter beyond all bounds',
    get(`/v1/things/${'x'.repeat(3_000)}`),
    { status: 400, code: 'invalid-request' },
  ],
  [
    'an error of the registry',
    get('/v1/failures?name=conflict'),
    { status: 409, code: 'conflict', detail: /^taken$/ },
  ],
  ['an exception of Nest', get('/v1/failures?name=teapot'), { status: 400, code: 'invalid-request' }],
  ['a fault of our own', get('/v1/failures?name=own'), { status: 500, code: 'internal' }],
  ['a thrown text', get('/v1/failures?name=text'), { status: 500, code: 'internal' }],
  ['a Redis that is gone', get('/v1/failures?name=redis'), { status: 503, code: 'unavailable' }],
  ['a Redis that refuses', get('/v1/failures?name=refused'), { status: 503, code: 'unavailable' }],
  ['a Redis that is silent', get('/v1/failures?name=timeout'), { status: 503, code: 'unavailable' }],
  ['a Redis that is loading', get('/v1/failures?name=loading'), { status: 503, code: 'unavailable' }],
];

describe('problem documents', () => {
  it.each(PROBLEMS)('answer %s', async (_, request, { status, code, detail, faults }) => {
    const response = await app.inject(request);
    const problem = response.json<Record<string, unknown>>();
    expect({ status: response.statusCode, code: problem.code }).toEqual({ status, code });
    expect(response.headers['content-type']).toMatch(PROBLEM_MEDIA_TYPE);
    expect(problem).toMatchObject({
      type: `/problems/${code}`,
      title: expect.any(String),
      status,
      detail: expect.stringMatching(detail ?? /./),
      ...(faults && { faults }),
    });
  });

  it('stay small whatever they quote', async () => {
    const fields = Array.from({ length: 50_000 }, (_, i) => `"field-${i}":0`).join();
    const many = await app.inject(post(`{${fields}}`));
    expect(many.json()).toMatchObject({ status: 400, faultsOmitted: 49_901 });
    expect(many.body.length).toBeLessThan(20_000);
    const long = await app.inject(post(`{"${'x'.repeat(1_000_000)}":0}`));
    expect(long.body.length).toBeLessThan(5_000);
  });

  it('say when to try again', async () => {
    expect((await app.inject(get('/v1/failures?name=busy'))).headers['retry-after']).toBe('7');
    expect((await app.inject(get('/v1/failures?name=redis'))).headers['retry-after']).toBe('1');
  });

  it('name the methods that a path takes', async () => {
    const { headers } = await app.inject({ method: 'DELETE', url: '/v1/things' });
    expect(headers.allow).toBe('GET, HEAD, POST');
  });

  it('carry the extensions of an error', async () => {
    expect((await app.inject(get('/v1/failures?name=conflict'))).json()).toMatchObject({ owner: 'x' });
  });

  it('keep the inside of a failure to the log', async () => {
    expect((await app.inject(get('/v1/failures?name=own'))).body).not.toContain('secret');
  });
});

describe('requests', () => {
  it('are turned into their class', async () => {
    expect((await app.inject(post('{"name":"a","place":{"lat":1}}'))).json()).toEqual({
      name: 'a',
      place: { lat: 1 },
    });
    expect((await app.inject(get('/v1/things?limit=7'))).json()).toEqual({ limit: 7 });
  });

  it('keep free-form JSON as it came', async () => {
    const body =
      '{"name":"a","data":{"constructor":"x","list":[{"toString":1,"constructor":{"prototype":null}}]}}';
    expect((await app.inject(post(body))).body).toBe(body);
  });

  it.each(['text/plain', 'text/plain; charset=utf-8', 'application/x-www-form-urlencoded'])(
    'may be %s where a route says so',
    async (type) => {
      const request = { ...post('Tea & cake=ready', { 'content-type': type }), url: '/v1/text' };
      expect((await app.inject(request)).json()).toEqual({ body: 'Tea & cake=ready' });
    },
  );
});

describe('security headers', () => {
  it('are on every answer, also on failures', async () => {
    for (const url of ['/v1/things/7', '/v1/nothing']) {
      const { headers } = await app.inject(get(url));
      expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' });
    }
  });
});
