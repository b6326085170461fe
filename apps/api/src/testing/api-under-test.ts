import { randomUUID } from 'node:crypto';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { newApiKey } from '@carillon/auth';
import { DEFAULT_APP, type Scope } from '@carillon/domain';
import { PersistenceModule, RedisApiKeys, Store } from '@carillon/persistence';
import { configureHttp, newHttpAdapter } from '@carillon/process';
import { createRedis, type RedisClient, RedisKeys } from '@carillon/redis';
import type { InjectOptions } from 'fastify';
import { ApiModule } from '../api.module.js';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  // A test says what it expects of the body.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any;
}

/** The whole API on a real Redis, with keys of its own, called without a socket. */
export class ApiUnderTest {
  private constructor(
    readonly app: NestFastifyApplication,
    readonly client: RedisClient,
    readonly store: Store,
    private readonly key: string,
  ) {}

  static async start(): Promise<ApiUnderTest> {
    const client = createRedis({ urls: [process.env.TEST_REDIS_URL!] });
    const keys = new RedisKeys(`test:${randomUUID()}:`, 8, 2);
    const persistence = PersistenceModule.forRoot({ client, keys });
    @Module({ imports: [persistence, ApiModule] })
    class ApiUnderTestModule {}
    const app = await NestFactory.create<NestFastifyApplication>(ApiUnderTestModule, newHttpAdapter(), {
      logger: false,
    });
    configureHttp(app);
    await app.init();
    await app.getHttpAdapter().getInstance().ready();
    return new ApiUnderTest(app, client, app.get(Store), await saveKey(app, ['admin'], DEFAULT_APP));
  }

  async stop(): Promise<void> {
    await this.app.close();
    // Disconnecting what has ended leaves a timer behind.
    if (this.client.status !== 'end') this.client.disconnect();
  }

  /** The text of a new key. */
  newKey(scopes: readonly Scope[], app: string = DEFAULT_APP): Promise<string> {
    return saveKey(this.app, scopes, app);
  }

  /** With the admin key of the default app, unless headers say otherwise. */
  async call(
    method: 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE',
    url: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const payload = body as InjectOptions['payload'];
    const authorization = `Bearer ${this.key}`;
    const response = await this.app.inject({ method, url, payload, headers: { authorization, ...headers } });
    const isJson = String(response.headers['content-type']).includes('json');
    return {
      status: response.statusCode,
      headers: response.headers,
      body: isJson ? response.json() : response.body,
    };
  }
}

async function saveKey(
  app: NestFastifyApplication,
  scopes: readonly Scope[],
  owner: string,
): Promise<string> {
  const { key, text } = newApiKey(owner, 'test', scopes);
  await app.get(RedisApiKeys).save(key);
  return text;
}
