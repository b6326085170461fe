import { Injectable } from '@nestjs/common';
import { type AuthenticatedKey, KeyVerifier, newApiKey } from '@carillon/auth';
import { CarillonError } from '@carillon/domain';
import { RedisApiKeys } from '@carillon/persistence';
import { type CreatedKey, type CreateKey, type KeyList, keyView } from './key.dto.js';

@Injectable()
export class KeysService {
  constructor(
    private readonly keys: RedisApiKeys,
    private readonly verifier: KeyVerifier,
  ) {}

  async create(app: string, { name, scopes }: CreateKey): Promise<CreatedKey> {
    const { key, text } = newApiKey(app, name, [...new Set(scopes)]);
    await this.keys.save(key);
    return { ...keyView(key), key: text };
  }

  /** Oldest first. */
  async list(app: string): Promise<KeyList> {
    const keys = await this.keys.list(app);
    return { keys: keys.sort((a, b) => a.createdAt - b.createdAt).map(keyView) };
  }

  async delete(caller: AuthenticatedKey, id: string): Promise<void> {
    // Whoever deletes the last admin key has locked the door from outside.
    if (caller.id === id)
      throw new CarillonError('conflict', 'a key cannot delete itself: use another admin key');
    const deleted = await this.keys.delete(caller.app, id);
    this.verifier.forget(id);
    if (!deleted) throw new CarillonError('not-found', `there is no key ${id}`);
  }
}
