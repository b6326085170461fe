import { type CustomTransportStrategy, Server } from '@nestjs/microservices';
import { isObservable, lastValueFrom } from 'rxjs';
import type { RedisClient } from '@carillon/redis';
import { REDIS_STREAMS, RedisStreamsContext } from './redis-streams-context.js';
import { StreamConsumer, type StreamConsumerOptions } from './stream-consumer.js';
import type { QueueLogger, StreamEntry } from './stream-entry.js';

/** The keys behind a pattern, and how they are read. */
export interface StreamBinding {
  readonly keys: readonly string[];
  readonly parse: (data: string) => unknown;
  readonly settings?: Pick<StreamConsumerOptions, 'concurrency' | 'pauseMs' | 'maxDeliveries'>;
}

export interface ServerRedisStreamsOptions {
  readonly client: RedisClient;
  readonly connect: () => RedisClient;
  readonly group: string;
  readonly consumer: string;
  readonly bindings: Readonly<Record<string, StreamBinding>>;
  readonly logger: QueueLogger;
  readonly reclaimAfterMs?: number;
}

/**
 * `@nestjs/microservices` over Redis Streams: an event handler's pattern is the name of a stream. The entry is acknowledged
 * after the handler's work; when it fails the entry stays pending and comes again.
 */
export class ServerRedisStreams extends Server implements CustomTransportStrategy {
  override readonly transportId = REDIS_STREAMS;
  private readonly consumers: StreamConsumer[] = [];

  constructor(private readonly streams: ServerRedisStreamsOptions) {
    super();
  }

  listen(callback: (error?: unknown) => void): void {
    this.startConsumers().then(() => callback(), callback);
  }

  async close(): Promise<void> {
    await Promise.all(this.consumers.map((consumer) => consumer.stop()));
  }

  override on(): never {
    throw new Error('ServerRedisStreams emits no events of its own');
  }

  override unwrap<T>(): T {
    return this.consumers as T;
  }

  private async startConsumers(): Promise<void> {
    for (const pattern of this.messageHandlers.keys()) this.consumers.push(this.consumerFor(pattern));
    await Promise.all(this.consumers.map((consumer) => consumer.start()));
  }

  private consumerFor(pattern: string): StreamConsumer {
    const { bindings, client, connect, group, consumer, logger, reclaimAfterMs } = this.streams;
    const binding = bindings[pattern];
    if (!binding) throw new Error(`no stream is bound to the pattern "${pattern}"`);
    return new StreamConsumer({
      client,
      connect,
      group,
      consumer,
      logger,
      reclaimAfterMs,
      streams: binding.keys,
      handler: (entry) => this.handle(pattern, binding, entry),
      ...binding.settings,
    });
  }

  /** The base class connects an event's result without awaiting it and would acknowledge too early. */
  private async handle(pattern: string, binding: StreamBinding, entry: StreamEntry): Promise<void> {
    const handler = this.messageHandlers.get(pattern)!;
    const result: unknown = await handler(binding.parse(entry.data), new RedisStreamsContext(entry));
    if (isObservable(result)) await lastValueFrom(result, { defaultValue: undefined });
  }
}
