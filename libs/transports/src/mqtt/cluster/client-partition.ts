import { shardOf } from '@carillon/domain';
import type { RedisKeys } from '@carillon/redis';

/** The partition that a client id's session lives in: of a device, its own. */
export const partitionOf = (keys: RedisKeys, clientId: string): number => shardOf(clientId, keys.partitions);
