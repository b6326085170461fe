import { deriveCredentials, newToken } from '../../../dist/libs/auth/src/index.js';

const PAGE = 1_000;

/** The name of the group that a device is in, of those that have so many members each. */
export const groupOf = (prefix, size, index) => `${prefix}${size}-${Math.floor(index / size)}`;

/** Every group of one size, of so many devices: their members are disjoint, so that a call to each is one delivery a device. */
export const groupsOf = ({ prefix, count }, size) =>
  Array.from({ length: count / size }, (_, i) => groupOf(prefix, size, i * size));

/** Sizes of groups that divide the devices, the largest being all of them. */
export function sizesOf(count, sizes) {
  return [...sizes.filter((size) => size < count && count % size === 0), count];
}

/**
 * Registers devices `PREFIX0`, `PREFIX1`, …, all with the same token, each in one group of each size. One is made by the repository; the others are copies
 * of its record, written as the script `write-device` writes them, for a million log-ins to derive would take hours.
 * @returns the token
 */
export async function register(store, devices, { prefix, count, sizes }) {
  const token = newToken();
  const template = `${prefix}template`;
  await devices.create('default', template, {}, await deriveCredentials(token));
  const record = await store.client.hgetall(store.keys.device(store.partitionOf(template), template));
  const fields = Object.entries(record).flat();
  for (let i = 0; i < count; i += PAGE) {
    const pipeline = store.client.pipeline();
    for (let n = i; n < Math.min(count, i + PAGE); n++) write(pipeline, store, fields, { prefix, sizes, n });
    for (const [error] of await pipeline.exec()) if (error) throw error;
  }
  return token;
}

function write(pipeline, store, fields, { prefix, sizes, n }) {
  const { keys } = store;
  const id = `${prefix}${n}`;
  const partition = store.partitionOf(id);
  const groups = sizes.map((size) => groupOf(prefix, size, n));
  pipeline.hset(keys.device(partition, id), ...fields, ...groups.flatMap((name) => [`g:${name}`, '1']));
  pipeline.sadd(keys.allDevices(partition, 'default'), id);
  for (const name of groups) pipeline.sadd(keys.groupDevices(partition, 'default', name), id);
}
