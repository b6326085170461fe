import { Injectable } from '@nestjs/common';
import type { Webhook } from '@carillon/domain';
import { RedisWebhooks } from '@carillon/persistence';

/** A change is seen after so long, ms. */
const CACHE_MS = 1_000;

/** The webhooks that are enabled, as they were a moment ago. */
@Injectable()
export class WebhookList {
  private cached: { readonly at: number; readonly webhooks: Promise<readonly Webhook[]> } | undefined;

  constructor(private readonly webhooks: RedisWebhooks) {}

  enabled(now: number): Promise<readonly Webhook[]> {
    if (!this.cached || now - this.cached.at >= CACHE_MS) this.cached = { at: now, webhooks: this.read() };
    return this.cached.webhooks;
  }

  forget(): void {
    this.cached = undefined;
  }

  private async read(): Promise<readonly Webhook[]> {
    try {
      return (await this.webhooks.all()).filter(({ enabled }) => enabled);
    } catch (error) {
      this.forget();
      throw error;
    }
  }
}
