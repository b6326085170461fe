import type { Webhook, WebhookEventType } from '@carillon/domain';
import { runScript } from '@carillon/redis';
import type { Store } from '../store.js';

export type WebhookChanges = Partial<
  Omit<Webhook, 'id' | 'app' | 'createdAt' | 'description' | 'disabledReason'>
> & { readonly description?: string | null; readonly disabledReason?: string | null };

type Fields = Readonly<Record<string, string>>;

/** The webhooks of every app. There are few: all are read together. */
export class RedisWebhooks {
  constructor(private readonly store: Store) {}

  async create(webhook: Webhook): Promise<void> {
    const { client, keys } = this.store;
    const { app, createdAt, ...changes } = webhook;
    const { id } = webhook;
    // Its queue is there before anybody looks for it; nobody makes one for a webhook that is gone.
    await client.xadd(keys.webhookEvents(id), 'MAXLEN', 0, '*', 'd', '');
    const fields = { app, createdAt: String(createdAt), ...toFields(changes).set };
    await client.hset(keys.webhook(id), fields);
    await client.sadd(keys.webhooks(), id);
  }

  /** Oldest first. */
  async all(): Promise<Webhook[]> {
    const { client, keys } = this.store;
    const ids = await client.smembers(keys.webhooks());
    const found = await Promise.all(ids.map((id) => this.find(id)));
    const there = found.filter((webhook) => webhook !== undefined);
    return there.sort((a, b) => a.createdAt - b.createdAt);
  }

  async find(id: string): Promise<Webhook | undefined> {
    return fromFields(id, await this.store.client.hgetall(this.store.keys.webhook(id)));
  }

  /** @returns whether it was there */
  async change(id: string, changes: WebhookChanges): Promise<boolean> {
    const { set, remove } = toFields({ ...changes, updatedAt: Date.now() });
    const done = await runScript<number>(
      this.store.client,
      'change-webhook',
      [this.store.keys.webhook(id)],
      [remove.length, ...remove, ...Object.entries(set).flat()],
    );
    return done === 1;
  }

  /** With its queue and its dead letters. */
  async delete(id: string): Promise<void> {
    const { client, keys } = this.store;
    await client.srem(keys.webhooks(), id);
    await client.del(keys.webhook(id));
    await client.del(
      keys.webhookEvents(id),
      keys.webhookBatches(id),
      keys.webhookDue(id),
      keys.webhookState(id),
      keys.webhookDead(id),
    );
  }
}

function toFields(changes: WebhookChanges): { set: Record<string, string>; remove: string[] } {
  const set: Record<string, string> = {};
  const remove: string[] = [];
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) remove.push(name);
    else if (name !== 'id' && value !== undefined) set[name] = textOf(value);
  }
  return { set, remove };
}

function textOf(value: string | number | boolean | readonly string[]): string {
  if (typeof value === 'boolean') return value ? '1' : '0';
  return Array.isArray(value) ? value.join(',') : String(value as string | number);
}

function fromFields(id: string, fields: Fields): Webhook | undefined {
  if (!fields.app || !fields.url) return undefined;
  return {
    id,
    app: fields.app,
    url: fields.url,
    ...(fields.description && { description: fields.description }),
    events: fields.events!.split(',') as WebhookEventType[],
    enabled: fields.enabled === '1',
    ...(fields.disabledReason && { disabledReason: fields.disabledReason }),
    secret: fields.secret!,
    ...(fields.formerSecret && { formerSecret: fields.formerSecret }),
    ...(fields.formerUntil && { formerUntil: Number(fields.formerUntil) }),
    createdAt: Number(fields.createdAt),
    updatedAt: Number(fields.updatedAt),
  };
}
