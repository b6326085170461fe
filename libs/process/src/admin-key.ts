import { newApiKey, toApiKey } from '@carillon/auth';
import type { Config, DataDirectory } from '@carillon/config';
import { DEFAULT_APP } from '@carillon/domain';
import { RedisApiKeys, type Store } from '@carillon/persistence';

export interface FirstKey {
  readonly text: string;
  /** Made by this start: shown once. */
  readonly created: boolean;
  /** Where it is kept; undefined when the environment gave it. */
  readonly path?: string;
}

/** Makes sure that the first admin key opens the API. */
export async function settleAdminKey(
  config: Config,
  directory: DataDirectory,
  store: Store,
): Promise<FirstKey> {
  const first = config.adminKey ? { text: config.adminKey, created: false } : await fromDirectory(directory);
  await new RedisApiKeys(store).save(toApiKey(first.text, DEFAULT_APP, 'first admin key', ['admin']));
  return first;
}

async function fromDirectory(directory: DataDirectory): Promise<FirstKey> {
  const { key, created, path } = await directory.adminKey(
    () => newApiKey(DEFAULT_APP, 'first admin key', ['admin']).text,
  );
  return { text: key, created, path };
}
