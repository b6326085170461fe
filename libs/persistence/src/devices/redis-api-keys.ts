import type { ApiKey, Scope } from '@carillon/domain';
import { resultsOf, type Store } from '../store.js';

export class RedisApiKeys {
  constructor(private readonly store: Store) {}

  async find(id: string): Promise<ApiKey | undefined> {
    const fields = await this.store.client.hgetall(this.store.keys.apiKey(id));
    return fields.app === undefined ? undefined : toApiKey(id, fields);
  }

  async save(key: ApiKey): Promise<void> {
    const { client, keys } = this.store;
    const { id, app, name, scopes, secretHash, createdAt } = key;
    const fields = { app, name, scopes: scopes.join(','), secretHash, createdAt: String(createdAt) };
    resultsOf(await client.pipeline().hset(keys.apiKey(id), fields).sadd(keys.apiKeys(app), id).exec());
  }

  async list(app: string): Promise<ApiKey[]> {
    const ids = await this.store.client.smembers(this.store.keys.apiKeys(app));
    const keys = await Promise.all(ids.map((id) => this.find(id)));
    return keys.filter((key) => key !== undefined);
  }

  async delete(app: string, id: string): Promise<boolean> {
    const { client, keys } = this.store;
    const removed = await client.srem(keys.apiKeys(app), id);
    if (removed === 1) await client.del(keys.apiKey(id));
    return removed === 1;
  }
}

function toApiKey(id: string, fields: Readonly<Record<string, string>>): ApiKey {
  return {
    id,
    app: fields.app!,
    name: fields.name ?? '',
    scopes: (fields.scopes ?? '').split(',') as Scope[],
    secretHash: fields.secretHash ?? '',
    createdAt: Number(fields.createdAt),
  };
}
