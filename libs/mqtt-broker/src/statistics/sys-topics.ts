import { memoryUsage } from 'node:process';
import type { Engine } from '../engine.js';
import { Publication } from '../inflight/publication.js';
import { WheelEntry } from '../timers/timer-wheel.js';
import { LoadAverage } from './load-average.js';
import type { Traffic } from './traffic.js';

const ROOT = '$SYS/broker/';

type Counter = { [K in keyof Traffic]: Traffic[K] extends number ? K : never }[keyof Traffic];

/** `load/…`, and the counter it averages. */
const LOADS: Readonly<Record<string, Counter>> = {
  'messages/received': 'messagesReceived',
  'messages/sent': 'messagesSent',
  'publish/received': 'publishReceived',
  'publish/sent': 'publishSent',
  'publish/dropped': 'publishDropped',
  'bytes/received': 'bytesReceived',
  'bytes/sent': 'bytesSent',
  sockets: 'socketsOpened',
  connections: 'connectionsOpened',
};

/** A topic that clients may read, and the broker alone publishes to. */
export function isSystemTopic(topic: string): boolean {
  return topic.startsWith('$SYS') && (topic.length === 4 || topic[4] === '/');
}

/** Publishes what the broker knows of itself below `$SYS/broker`, retained, under the names that mosquitto uses. */
export class SysTopics extends WheelEntry {
  private readonly published = new Map<string, string>();
  private readonly loads = Object.entries(LOADS).map(([name, counter]) => ({
    name,
    counter,
    average: new LoadAverage(),
  }));
  private readonly startedAt: number;
  private sampledAt: number;
  private heapMaximum = 0;

  constructor(
    private readonly engine: Engine,
    private readonly intervalMs: number,
    private readonly version: string,
  ) {
    super();
    this.startedAt = this.sampledAt = engine.now();
  }

  start(): void {
    if (this.intervalMs > 0) this.expire(this.engine.now());
  }

  override expire(now: number): void {
    for (const { counter, average } of this.loads) {
      average.sample(this.engine.traffic[counter], now - this.sampledAt);
    }
    this.sampledAt = now;
    this.publish('version', this.version);
    this.publish('uptime', `${Math.floor((now - this.startedAt) / 1000)} seconds`);
    for (const [name, value] of Object.entries(this.counts())) this.publish(name, `${value}`);
    this.publishLoads();
    this.engine.wheel.schedule(this, this.intervalMs);
  }

  private counts(): Record<string, number> {
    const { sessions, index, retained, queueBudget, traffic } = this.engine;
    const { heapUsed } = memoryUsage();
    this.heapMaximum = Math.max(this.heapMaximum, heapUsed);
    const connected = traffic.clientsConnected;
    const stored = retained.size + queueBudget.messages;
    return {
      'clients/connected': connected,
      'clients/disconnected': sessions.size - connected,
      'clients/expired': traffic.sessionsExpired,
      'clients/total': sessions.size,
      'clients/maximum': traffic.clientsMaximum,
      'messages/received': traffic.messagesReceived,
      'messages/sent': traffic.messagesSent,
      'bytes/received': traffic.bytesReceived,
      'bytes/sent': traffic.bytesSent,
      'publish/messages/received': traffic.publishReceived,
      'publish/messages/sent': traffic.publishSent,
      'publish/messages/dropped': traffic.publishDropped,
      'publish/bytes/received': traffic.publishBytesReceived,
      'publish/bytes/sent': traffic.publishBytesSent,
      'retained messages/count': retained.size,
      'subscriptions/count': index.size - index.shared,
      'shared_subscriptions/count': index.shared,
      'store/messages/count': stored,
      'store/messages/bytes': retained.bytes + queueBudget.bytes,
      'heap/current': heapUsed,
      'heap/maximum': this.heapMaximum,
      // COMPAT: the names that mosquitto keeps for what once were called so.
      'clients/active': connected,
      'clients/inactive': sessions.size - connected,
      'messages/stored': stored,
    };
  }

  private publishLoads(): void {
    for (const { name, average } of this.loads) {
      average.minutes.forEach((minutes, i) => {
        this.publish(`load/${name}/${minutes}min`, average.values[i]!.toFixed(2));
      });
    }
  }

  /** What has not changed is still there, retained. */
  private publish(name: string, text: string): void {
    if (this.published.get(name) === text) return;
    this.published.set(name, text);
    const message = { topic: ROOT + name, payload: Buffer.from(text), qos: 0 as const, retain: true };
    this.engine.distribute(new Publication(message, this.engine.now, undefined));
  }
}
