import { setTimeout as sleep } from 'node:timers/promises';
import type { System } from './system.js';

const ATTEMPT_MS = 10_000;
const RETRY_MS = 100;

export interface BackendAnswer {
  readonly status: number;
  // What the API answers is the subject of the run.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any;
}

/** The first attempt may still be at work, or have died with its process. */
const isRetryable = ({ status, body }: BackendAnswer): boolean =>
  status >= 500 || status === 429 || body.code === 'idempotency-in-progress';

/** A backend that asks again until it is answered, by whichever API process answers. */
export class Backend {
  /** Attempts without an answer, or with "come again". */
  repeated = 0;

  constructor(
    private readonly system: System,
    private readonly key: string,
  ) {}

  /** @param idempotencyKey the same for every attempt */
  async post(
    path: string,
    body: object | undefined,
    idempotencyKey: string,
    n: number,
  ): Promise<BackendAnswer> {
    const text = body && JSON.stringify(body);
    for (;;) {
      const answer = await this.attempt(path, text, idempotencyKey, n).catch(() => undefined);
      if (answer && !isRetryable(answer)) return answer;
      this.repeated++;
      await sleep(RETRY_MS);
    }
  }

  private async attempt(
    path: string,
    body: string | undefined,
    idempotencyKey: string,
    n: number,
  ): Promise<BackendAnswer | undefined> {
    const urls = this.system.urls('api', 'HTTP');
    if (urls.length === 0) return undefined;
    const response = await fetch(urls[n % urls.length] + path, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${this.key}`,
        'idempotency-key': idempotencyKey,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      body,
      signal: AbortSignal.timeout(ATTEMPT_MS),
    });
    return { status: response.status, body: await response.json() };
  }
}
