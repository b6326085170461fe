import { randomBytes } from 'node:crypto';
import type { RedisClient } from './redis-client.js';
import type { RedisKeys } from './redis-keys.js';

/** Grows when stored state changes its shape in a way that old processes cannot read. */
export const SCHEMA_VERSION = 1;

/** What is fixed when the first process starts on an empty Redis. */
export interface InstallationFacts {
  readonly partitions: number;
  readonly lanes: number;
}

/**
 * Fixes the installation's facts on first use, and compares them ever after.
 * @returns a line that says which fact differs, or undefined when all agree
 */
export async function settleInstallation(
  client: RedisClient,
  keys: RedisKeys,
  wanted: InstallationFacts,
): Promise<string | undefined> {
  const key = keys.install();
  const facts = { partitions: wanted.partitions, lanes: wanted.lanes, schema: SCHEMA_VERSION };
  for (const [name, value] of Object.entries(facts)) await client.hsetnx(key, name, value);
  const stored = await client.hgetall(key);
  for (const [name, value] of Object.entries(facts)) {
    if (Number(stored[name]) !== value) return differs(name, stored[name], value);
  }
  return undefined;
}

function differs(name: string, stored: string | undefined, wanted: number): string {
  if (name === 'schema') {
    return `this Redis holds schema version ${stored}, this Carillon speaks ${wanted}: start the matching version`;
  }
  const variable = `CARILLON_${name.toUpperCase()}`;
  return `this Redis was installed with ${variable}=${stored}, not ${wanted}: set ${variable}=${stored}, or use an empty Redis`;
}

/** A secret that all processes of an installation share, made by the first of them. 32 bytes. */
export async function installationSecret(client: RedisClient, keys: RedisKeys): Promise<Buffer> {
  await client.hsetnx(keys.install(), 'secret', randomBytes(32).toString('hex'));
  return Buffer.from((await client.hget(keys.install(), 'secret')) ?? '', 'hex');
}
