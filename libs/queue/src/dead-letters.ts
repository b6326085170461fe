import { runScript, type RedisClient } from '@carillon/redis';

/** Of one stream are kept; beyond, the oldest go, and the log says so. */
export const MAX_DEAD_LETTERS = 10_000;

export interface DeadLetter {
  readonly id: string;
  readonly stream: string;
  readonly data: string;
  readonly reason: string;
  readonly deliveries: number;
  /** When it was buried, ms since 1970. */
  readonly at: number;
}

/** Entries that kept failing, kept beside their stream for operators to read and replay. */
export class DeadLetters {
  constructor(private readonly client: RedisClient) {}

  /** Each stream has its own, under the same hash tag. */
  static keyFor(stream: string): string {
    return `${stream}:dead`;
  }

  /** Oldest first. */
  async list(stream: string, limit: number): Promise<DeadLetter[]> {
    const entries = await this.client.xrange(DeadLetters.keyFor(stream), '-', '+', 'COUNT', limit);
    return entries.map(([id, fields]) => toDeadLetter(stream, id, fields));
  }

  async find(stream: string, id: string): Promise<DeadLetter | undefined> {
    const [entry] = await this.client.xrange(DeadLetters.keyFor(stream), id, id);
    return entry && toDeadLetter(stream, ...entry);
  }

  /** Forgets it for good. @returns whether the letter was there */
  async discard(stream: string, id: string): Promise<boolean> {
    return (await this.client.xdel(DeadLetters.keyFor(stream), id)) === 1;
  }

  /** @returns whether the letter was there */
  async replay(stream: string, id: string): Promise<boolean> {
    const entry = await runScript<string>(
      this.client,
      'replay-dead-letter',
      [DeadLetters.keyFor(stream), stream],
      [id],
    );
    return entry !== '';
  }
}

function toDeadLetter(stream: string, id: string, fields: readonly string[]): DeadLetter {
  const record = new Map<string, string>();
  for (let i = 0; i < fields.length; i += 2) record.set(fields[i]!, fields[i + 1]!);
  return {
    id,
    stream,
    data: record.get('d') ?? '',
    reason: record.get('reason') ?? '',
    deliveries: Number(record.get('deliveries')),
    at: Number(record.get('at')),
  };
}
