import { jest } from '@jest/globals';
import type { ExecutionContext } from '@nestjs/common';
import { IDEMPOTENCY_RENEWAL, RedisIdempotency } from '@carillon/persistence';
import { testStore } from '@carillon/testing';
import { lastValueFrom, Subject } from 'rxjs';
import { IdempotencyInterceptor } from './idempotency.interceptor.js';

const test = testStore();
afterAll(() => {
  jest.useRealTimers();
  return test.close();
});

const request = {
  method: 'POST',
  url: '/v1/groups/x',
  headers: { 'idempotency-key': 'k' },
  body: {},
  apiKey: { app: 'default' },
};
const reply = { statusCode: 200, getHeader: () => undefined };
const context = {
  switchToHttp: () => ({ getRequest: () => request, getResponse: () => reply }),
} as unknown as ExecutionContext;

it('a request keeps its key for as long as it is at work, and no longer', async () => {
  const records = new RedisIdempotency(test.store);
  const claims = jest.spyOn(records, 'claim');
  const work = new Subject<string>();
  let begun = (): void => undefined;
  const atWork = new Promise<void>((resolve) => (begun = resolve));
  const handle = () => {
    begun();
    return work;
  };
  jest.useFakeTimers({
    doNotFake: [
      'Date',
      'nextTick',
      'performance',
      'setImmediate',
      'setTimeout',
      'clearTimeout',
      'queueMicrotask',
    ],
  });
  const answer = lastValueFrom(new IdempotencyInterceptor(records).intercept(context, { handle }));
  await atWork;
  jest.advanceTimersByTime(3 * IDEMPOTENCY_RENEWAL);
  expect(claims).toHaveBeenCalledTimes(4);
  expect(new Set(claims.mock.calls.map(([, , token]) => token)).size).toBe(1);
  work.next('done');
  work.complete();
  expect(await answer).toBe('done');
  jest.advanceTimersByTime(3 * IDEMPOTENCY_RENEWAL);
  expect(claims).toHaveBeenCalledTimes(4);
});
