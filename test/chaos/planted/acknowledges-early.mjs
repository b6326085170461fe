/**
 * A worker with a fault: it acknowledges what it takes from the streams before the work on it is done. What it has under way
 * when it is killed is lost. Only for the test of the checker.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { StreamConsumer } from '../../../dist/libs/queue/src/stream-consumer.js';

const start = Reflect.get(StreamConsumer.prototype, 'start');
StreamConsumer.prototype.start = function startWithFault() {
  const { handler, client, group } = this.options;
  const early = async (entry) => {
    await client.multi().xack(entry.stream, group, entry.id).xdel(entry.stream, entry.id).exec();
    // Long enough for a kill to meet it, and for more than a later notification can help along.
    await sleep(1_000);
    await handler(entry);
  };
  this.options = { ...this.options, handler: early };
  return start.call(this);
};

await import('../../../dist/apps/worker/src/main.js');
