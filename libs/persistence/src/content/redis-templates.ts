import type { SavedTemplate } from '@carillon/domain';
import type { Store } from '../store.js';

export const MAX_TEMPLATES = 1_000;

/** The templates of an app. */
export class RedisTemplates {
  constructor(private readonly store: Store) {}

  async save(app: string, template: SavedTemplate): Promise<void> {
    await this.store.client.hset(this.key(app), template.id, JSON.stringify(template));
  }

  async find(app: string, id: string): Promise<SavedTemplate | undefined> {
    const json = await this.store.client.hget(this.key(app), id);
    return json === null ? undefined : (JSON.parse(json) as SavedTemplate);
  }

  /** A page in the order of their ids. @param after the last id of the page before */
  async page(
    app: string,
    after: string | undefined,
    limit: number,
  ): Promise<{ templates: SavedTemplate[]; next?: string }> {
    const all = (await this.store.client.hkeys(this.key(app))).toSorted();
    const rest = after === undefined ? all : all.filter((id) => id > after);
    const ids = rest.slice(0, limit);
    const stored = ids.length === 0 ? [] : await this.store.client.hmget(this.key(app), ...ids);
    return {
      templates: stored.flatMap((json) => (json === null ? [] : [JSON.parse(json) as SavedTemplate])),
      ...(rest.length > limit && { next: ids.at(-1)! }),
    };
  }

  count(app: string): Promise<number> {
    return this.store.client.hlen(this.key(app));
  }

  async delete(app: string, id: string): Promise<boolean> {
    return (await this.store.client.hdel(this.key(app), id)) === 1;
  }

  private key(app: string): string {
    return this.store.keys.templates(app);
  }
}
