import { ClientProxy, type ReadPacket } from '@nestjs/microservices';
import { type RedisClient, runScript } from '@carillon/redis';

/** A stream holds its backlog alone: one with so many entries is not being worked on. */
const MAX_LENGTH = 100_000;

/** Nobody works on the stream, or not fast enough: what is not in it was not taken. */
export class StreamFullError extends Error {
  constructor(stream: string) {
    super(`${stream} is full`);
  }
}

export interface ClientRedisStreamsOptions {
  readonly client: RedisClient;
  /** The stream's key for an event; the packet's data may choose among the shards. */
  readonly keyFor: (pattern: string, data: unknown) => string;
  readonly maxLength?: number;
}

/** `emit(stream, event)` appends to a stream; the observable completes when Redis has it. Streams give no replies. */
export class ClientRedisStreams extends ClientProxy {
  constructor(private readonly streams: ClientRedisStreamsOptions) {
    super();
  }

  connect(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {
    // The connection belongs to whoever made it.
  }

  override unwrap<T>(): T {
    return this.streams.client as T;
  }

  protected override publish(): never {
    throw new Error('a stream gives no reply: use emit(), not send()');
  }

  protected override async dispatchEvent<T>(packet: ReadPacket): Promise<T> {
    const key = this.streams.keyFor(String(packet.pattern), packet.data);
    const { client, maxLength = MAX_LENGTH } = this.streams;
    const id = await runScript<string>(
      client,
      'append-bounded',
      [key],
      [JSON.stringify(packet.data), maxLength],
    );
    if (id === '') throw new StreamFullError(key);
    return id as T;
  }
}
