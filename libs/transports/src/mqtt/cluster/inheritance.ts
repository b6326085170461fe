import { runScript } from '@carillon/redis';
import type { ClusterContext } from './cluster-context.js';
import { shareBody } from './log-entries.js';
import { positionOf } from './log-positions.js';
import { shareField } from './redis-publication-log.js';
import type { ClaimedSession, RedisSessionStore } from './redis-session-store.js';

/** How long a broker may take for one round over what a dead one left, ms. */
const LEASE_MS = 60_000;
const PAGE = 100;

/** Takes over what brokers left behind that are gone: sessions that wait for messages, wills, shared subscriptions. */
export class Inheritance {
  constructor(
    private readonly context: ClusterContext,
    private readonly store: RedisSessionStore,
  ) {}

  async round(): Promise<void> {
    const { client, keys, brokerId, liveBrokers } = this.context;
    const live = await liveBrokers();
    for (const broker of await client.hkeys(keys.mqttBrokers())) {
      if (broker === brokerId || live.has(broker) || !(await this.mayInherit(broker))) continue;
      await this.inheritFrom(broker);
    }
  }

  private async mayInherit(broker: string): Promise<boolean> {
    const { client, keys, brokerId } = this.context;
    const lease = [keys.lease(`mqtt-inherit:${broker}`)];
    return (await runScript<number>(client, 'renew-lease', lease, [brokerId, LEASE_MS])) === 1;
  }

  private async inheritFrom(broker: string): Promise<void> {
    const { keys, client, logger } = this.context;
    const after = await this.store.checkpointOf(broker);
    // From here on nobody counts on its members of shared subscriptions.
    await this.leave(broker, false);
    const upTo = await this.endOfLog();
    let sessions = 0;
    for (let partition = 0; partition < keys.partitions; partition++) {
      sessions += await this.inheritPartition(broker, partition);
    }
    await this.store.left(broker, after, upTo);
    await this.leave(broker, true);
    await client.del(keys.lease(`mqtt-inherit:${broker}`));
    logger.info({ broker, sessions }, 'the MQTT sessions of a broker that is gone were taken over');
  }

  private async inheritPartition(broker: string, partition: number): Promise<number> {
    const { keys, client } = this.context;
    const held = keys.mqttHeld(partition, broker);
    let count = 0;
    // Each claim takes the id out of the set.
    for (let ids = await sample(); ids.length > 0; ids = await sample()) {
      count += ids.length;
      await Promise.all(ids.map((clientId) => this.inherit(clientId, broker, held)));
      await this.mayInherit(broker);
    }
    return count;

    async function sample(): Promise<string[]> {
      const [, found] = await client.sscan(held, '0', 'COUNT', PAGE);
      return found;
    }
  }

  private async inherit(clientId: string, broker: string, held: string): Promise<void> {
    const claim = await this.store.claimFrom(clientId, broker, false);
    if (!('hold' in claim)) {
      // Somebody was quicker.
      await this.context.client.srem(held, clientId);
      return;
    }
    const { hold, stored, routed } = claim;
    if (!stored) hold.end();
    else if (routed || stored.will) await this.store.adopt(clientId, claim);
    else this.store.release(hold, lifeLeft(stored));
  }

  private async endOfLog(): Promise<number> {
    const { keys, client } = this.context;
    const [[last] = ['0-0']] = await client.xrevrange(keys.mqttLog(), '+', '-', 'COUNT', 1);
    return positionOf(last);
  }

  private async leave(broker: string, done: boolean): Promise<void> {
    const { keys, client } = this.context;
    const names = [keys.mqttLog(), keys.mqttShares(), keys.mqttBrokers()];
    const mine = shareField('', broker);
    const fields = (await client.hkeys(keys.mqttShares())).filter((field) => field.startsWith(mine));
    const shares = fields.flatMap((field) => [field, shareBody(field.slice(mine.length), 'none')]);
    await runScript(client, 'leave-mqtt-log', names, [broker, done ? 1 : 0, ...shares]);
  }
}

/** Of a session that nobody has to hold while its client is away, ms. */
function lifeLeft({ expiryInterval, offlineSince }: NonNullable<ClaimedSession['stored']>): number {
  return (offlineSince ?? Date.now()) + expiryInterval * 1000 - Date.now();
}
