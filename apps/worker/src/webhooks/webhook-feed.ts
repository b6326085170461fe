import { Injectable } from '@nestjs/common';
import type { Receipt, Webhook, WebhookEvent } from '@carillon/domain';
import { WebhookQueue } from '@carillon/persistence';
import { WebhookList } from './webhook-list.js';

/** Puts receipts into the queues of the webhooks that ask for them. */
@Injectable()
export class WebhookFeed {
  constructor(
    private readonly list: WebhookList,
    private readonly queue: WebhookQueue,
  ) {}

  /** @param source names the entry that the receipts came in: the same events have the same ids, however often they come */
  async take(receipts: readonly Receipt[], source: string): Promise<void> {
    const now = Date.now();
    const webhooks = await this.list.enabled(now);
    await Promise.all(
      webhooks.map(async (webhook) => {
        const events = eventsFor(webhook, receipts, source);
        if (events.length > 0) await this.queue.add(webhook.id, events, now);
      }),
    );
  }
}

function eventsFor({ app, events }: Webhook, receipts: readonly Receipt[], source: string): WebhookEvent[] {
  return receipts.flatMap((receipt, i) => {
    const type = `delivery.${receipt.state}` as const;
    return receipt.app === app && events.includes(type) ? [eventOf(receipt, type, `${source}.${i}`)] : [];
  });
}

function eventOf(receipt: Receipt, type: WebhookEvent['type'], id: string): WebhookEvent {
  const { notificationId, deviceId, at, transport, edge, detail, count } = receipt;
  const event = { id, type, at: new Date(at).toISOString(), notificationId };
  if (deviceId === '') return { ...event, count };
  return {
    ...event,
    deviceId,
    ...(transport && { transport }),
    ...(edge && { edge }),
    ...(detail && { detail }),
  };
}
