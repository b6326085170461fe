import { newApiKey } from '@carillon/auth';
import type { Scope } from '@carillon/domain';
import { Metrics } from '@carillon/observability';
import type { RedisApiKeys } from '@carillon/persistence';
import type { FastifyReply } from 'fastify';
import { MetricsController } from './metrics.controller.js';

const ELSEWHERE = '192.0.2.7';

/** What a peer gets: the text, or the code of the refusal. */
async function read(address: string, scopes?: readonly Scope[]): Promise<string> {
  const { key, text } = newApiKey('default', 'test', scopes ?? []);
  const keys = { find: (id: string) => Promise.resolve(id === key.id ? key : undefined) };
  const controller = new MetricsController(new Metrics(), keys as RedisApiKeys);
  let sent = '';
  const reply = {
    header: () => reply,
    send: (body: string) => (sent = body),
  };
  const authorization = scopes && `Bearer ${text}`;
  await controller
    .read(address, authorization, reply as unknown as FastifyReply)
    .catch(({ code }) => (sent = code));
  return sent;
}

describe('GET /metrics', () => {
  it('answers this machine without a key', async () => {
    expect(await read('127.0.0.1')).not.toMatch(/^(unauthenticated|forbidden)$/);
  });

  it('asks others for a key', async () => {
    expect(await read(ELSEWHERE)).toBe('unauthenticated');
  });

  it('asks for the scope "manage"', async () => {
    expect(await read(ELSEWHERE, ['send', 'read'])).toBe('forbidden');
    expect(await read(ELSEWHERE, ['manage'])).not.toMatch(/^(unauthenticated|forbidden)$/);
    expect(await read(ELSEWHERE, ['admin'])).not.toMatch(/^(unauthenticated|forbidden)$/);
  });
});
