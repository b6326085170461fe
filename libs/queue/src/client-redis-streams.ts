import { ClientProxy, type ReadPacket } from '@nestjs/microservices';
import type { RedisClient } from '@carillon/redis';

export interface ClientRedisStreamsOptions {
  readonly client: RedisClient;
  /** The stream's key for an event; the packet's data may choose among the shards. */
  readonly keyFor: (pattern: string, data: unknown) => string;
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
    const id = await this.streams.client.xadd(key, '*', 'd', JSON.stringify(packet.data));
    return id as T;
  }
}
