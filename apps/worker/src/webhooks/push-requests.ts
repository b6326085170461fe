import { Injectable } from '@nestjs/common';
import type { Notification, PushService, WebhookEvent } from '@carillon/domain';
import { AccountRecords, WebhookQueue } from '@carillon/persistence';
import { WebhookList } from './webhook-list.js';

const TYPE = 'push.requested';

/** Why devices are to be woken, and the first part of their events' ids: the same events have the same ids, however often they come. */
interface Occasion {
  readonly app: string;
  readonly source: string;
  readonly at: number;
  readonly notificationId?: string;
}

/**
 * Has devices woken that something waits for while they are not connected: an event to the app's webhooks for each push service that
 * the device's client has named (XEP-0357). The business's own service passes it on to the phone's platform.
 */
@Injectable()
export class PushRequests {
  constructor(
    private readonly webhooks: WebhookList,
    private readonly queue: WebhookQueue,
    private readonly records: AccountRecords,
  ) {}

  /** A notification waits for them that may come over XMPP. */
  async deposited(
    { app, id, transports }: Pick<Notification, 'app' | 'id' | 'transports'>,
    deviceIds: readonly string[],
  ): Promise<void> {
    if (transports && !transports.includes('xmpp')) return;
    await this.request({ app, source: id, at: Date.now(), notificationId: id }, deviceIds);
  }

  /** A connection was lost with deliveries under way. */
  async waiting(app: string, deviceId: string, at: number): Promise<void> {
    await this.request({ app, source: `asleep-${at}`, at }, [deviceId]);
  }

  private async request(occasion: Occasion, deviceIds: readonly string[]): Promise<void> {
    if (deviceIds.length === 0) return;
    const now = Date.now();
    const enabled = await this.webhooks.enabled(now);
    const asking = enabled.filter(({ app, events }) => app === occasion.app && events.includes(TYPE));
    if (asking.length === 0) return;
    const services = await this.records.pushServices(deviceIds);
    const events = [...services].flatMap(([deviceId, own]) =>
      own.map((service, i) => eventOf(occasion, deviceId, service, i)),
    );
    if (events.length > 0) await Promise.all(asking.map(({ id }) => this.queue.add(id, events, now)));
  }
}

function eventOf(
  { source, at, notificationId }: Occasion,
  deviceId: string,
  push: PushService,
  place: number,
): WebhookEvent {
  const id = `${source}.${deviceId}.${place}`;
  const event = { id, type: TYPE, at: new Date(at).toISOString(), deviceId, push } as const;
  return notificationId === undefined ? event : { ...event, notificationId };
}
