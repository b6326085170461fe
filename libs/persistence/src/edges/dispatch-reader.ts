import { setTimeout as sleep } from 'node:timers/promises';
import { BlockingReader, type RedisClient } from '@carillon/redis';
import type { Store } from '../store.js';
import { decodeFields, type EdgeMessages } from './dispatch-codec.js';

const BLOCK_MS = 2_000;
/** An edge's stream outlives its edge by so much, s. */
const STREAM_LIFE = 60;

export interface DispatchReaderOptions {
  readonly store: Store;
  readonly edgeId: string;
  /** Makes a connection that blocks in XREAD and is used for nothing else. */
  readonly connect: () => RedisClient;
  readonly onMessages: (messages: EdgeMessages) => void;
  readonly onError: (error: unknown) => void;
}

/** Reads what is published for one edge. */
export class DispatchReader {
  private reader: BlockingReader | undefined;
  private running = false;
  private last = '0';

  constructor(private readonly options: DispatchReaderOptions) {}

  /** Fulfilled when publishers can reach this edge. */
  async start(): Promise<void> {
    await this.keepAlive();
    this.running = true;
    this.reader = new BlockingReader(this.options.connect(), (connection) => this.read(connection));
  }

  /**
   * Makes the stream, or makes it live on; to be called often.
   * @returns whether it had to be made: what was published meanwhile is lost
   */
  async keepAlive(): Promise<boolean> {
    const { client, keys } = this.options.store;
    const key = keys.dispatch(this.options.edgeId);
    if ((await client.expire(key, STREAM_LIFE)) === 1) return false;
    this.last = '0';
    await client.pipeline().xadd(key, '*', 'start', '1').expire(key, STREAM_LIFE).exec();
    return true;
  }

  async stop(): Promise<void> {
    this.running = false;
    await this.reader?.stop();
  }

  private async read(connection: RedisClient): Promise<void> {
    while (this.running) {
      try {
        await this.readOnce(connection);
      } catch (error) {
        if (!this.running) return;
        this.options.onError(error);
        await sleep(200);
      }
    }
  }

  private async readOnce(connection: RedisClient): Promise<void> {
    const key = this.options.store.keys.dispatch(this.options.edgeId);
    const reply = await connection.xread('COUNT', 256, 'BLOCK', BLOCK_MS, 'STREAMS', key, this.last);
    const entries = reply?.[0]?.[1];
    if (!entries) return;
    const messages: EdgeMessages = { dispatches: [], notices: [] };
    for (const [id, fields] of entries) {
      this.last = id;
      decodeFields(fields, messages);
    }
    this.options.onMessages(messages);
  }
}
