import { runScript, type RedisClient } from '@carillon/redis';

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

  /** The dead letters of a stream share its hash tag. */
  static keyFor(stream: string): string {
    return `${stream.slice(0, stream.indexOf('}') + 1)}:dead`;
  }

  async list(stream: string, limit: number): Promise<DeadLetter[]> {
    const entries = await this.client.xrange(DeadLetters.keyFor(stream), '-', '+', 'COUNT', limit);
    return entries
      .map(([id, fields]) => toDeadLetter(id, fields))
      .filter((letter) => letter.stream === stream);
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

function toDeadLetter(id: string, fields: readonly string[]): DeadLetter {
  const record = new Map<string, string>();
  for (let i = 0; i < fields.length; i += 2) record.set(fields[i]!, fields[i + 1]!);
  return {
    id,
    stream: record.get('stream') ?? '',
    data: record.get('d') ?? '',
    reason: record.get('reason') ?? '',
    deliveries: Number(record.get('deliveries')),
    at: Number(record.get('at')),
  };
}
