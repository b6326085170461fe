import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import {
  CarillonError,
  formatInstant,
  MAX_WEBHOOKS,
  newWebhookSecret,
  SECRET_OVERLAP,
  type Webhook,
  WEBHOOK_EVENT_TYPES,
  WebhookAddresses,
} from '@carillon/domain';
import { RedisWebhooks, WebhookQueue } from '@carillon/persistence';
import { invalidRequest } from '@carillon/process';
import type { CreateWebhook, PatchWebhook } from './webhook.dto.js';
import {
  type CreatedWebhook,
  type WebhookList,
  type WebhookSecret,
  type WebhookView,
  webhookView,
} from './webhook.view.js';

@Injectable()
export class WebhooksService {
  constructor(
    private readonly webhooks: RedisWebhooks,
    private readonly queue: WebhookQueue,
    private readonly addresses: WebhookAddresses,
  ) {}

  async create(app: string, { url, events, description }: CreateWebhook): Promise<CreatedWebhook> {
    this.checkUrl(url);
    const own = await this.own(app);
    if (own.length >= MAX_WEBHOOKS)
      throw new CarillonError('conflict', `an app has ${MAX_WEBHOOKS} webhooks at the most`);
    const now = Date.now();
    const webhook: Webhook = {
      id: randomBytes(8).toString('hex'),
      app,
      url,
      ...(description && { description }),
      events: events ?? WEBHOOK_EVENT_TYPES,
      enabled: true,
      secret: newWebhookSecret(),
      createdAt: now,
      updatedAt: now,
    };
    await this.webhooks.create(webhook);
    const view = webhookView(webhook, await this.queue.health(webhook.id));
    return { ...view, secret: webhook.secret };
  }

  async list(app: string): Promise<WebhookList> {
    return { webhooks: await Promise.all((await this.own(app)).map((webhook) => this.view(webhook))) };
  }

  async read(app: string, id: string): Promise<WebhookView> {
    return this.view(await this.find(app, id));
  }

  async patch(app: string, id: string, changes: PatchWebhook): Promise<WebhookView> {
    await this.find(app, id);
    const { url, events, description, enabled } = changes;
    if (url !== undefined && url !== null) this.checkUrl(url);
    await this.webhooks.change(id, {
      ...(url && { url }),
      ...(events && { events: [...new Set(events)] }),
      ...(description !== undefined && { description }),
      ...(typeof enabled === 'boolean' && { enabled, disabledReason: null }),
    });
    if (enabled) await this.queue.revive(id, Date.now());
    return this.read(app, id);
  }

  async delete(app: string, id: string): Promise<void> {
    await this.find(app, id);
    await this.webhooks.delete(id);
  }

  async rotateSecret(app: string, id: string): Promise<WebhookSecret> {
    const { secret: formerSecret } = await this.find(app, id);
    const formerUntil = Date.now() + SECRET_OVERLAP;
    const secret = newWebhookSecret();
    if (!(await this.webhooks.change(id, { secret, formerSecret, formerUntil }))) throw unknownWebhook(id);
    return { secret, formerSecretUntil: formatInstant(formerUntil) };
  }

  async test(app: string, id: string): Promise<void> {
    const { enabled } = await this.find(app, id);
    if (!enabled) throw new CarillonError('conflict', `webhook ${id} is disabled: enable it first`);
    const now = Date.now();
    const event = {
      id: `test.${randomBytes(8).toString('hex')}`,
      type: 'webhook.test',
      at: formatInstant(now),
    } as const;
    await this.queue.add(id, [event], now);
  }

  /** The app's own; another app's is not there. */
  async find(app: string, id: string): Promise<Webhook> {
    const webhook = await this.webhooks.find(id);
    if (webhook?.app !== app) throw unknownWebhook(id);
    return webhook;
  }

  private async own(app: string): Promise<Webhook[]> {
    return (await this.webhooks.all()).filter((webhook) => webhook.app === app);
  }

  private async view(webhook: Webhook): Promise<WebhookView> {
    return webhookView(webhook, await this.queue.health(webhook.id));
  }

  private checkUrl(url: string): void {
    const detail = this.addresses.faultOf(url);
    if (detail !== undefined) throw invalidRequest([{ pointer: '/url', detail }]);
  }
}

const unknownWebhook = (id: string): CarillonError =>
  new CarillonError('not-found', `there is no webhook ${id}`);
