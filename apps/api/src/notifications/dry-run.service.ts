import { Injectable } from '@nestjs/common';
import { formatInstant, newNotificationId, type Notification } from '@carillon/domain';
import { AudienceResolver, RedisPresence } from '@carillon/persistence';
import { Messages } from '../templates/messages.service.js';
import { buildNotification } from './build-notification.js';
import type { SendNotification } from './notification.dto.js';
import type { DryRunView } from './notification.view.js';

/** Beyond so many devices the count is given up: a request must not walk through millions. */
const MAX_COUNTED = 100_000;

/** Says what a send would do, and does nothing. */
@Injectable()
export class DryRunService {
  constructor(
    private readonly audience: AudienceResolver,
    private readonly presence: RedisPresence,
    private readonly messages: Messages,
  ) {}

  async run(app: string, request: SendNotification): Promise<DryRunView> {
    const now = Date.now();
    const message = await this.messages.read(app, request);
    const notification = buildNotification(newNotificationId(now), app, request, message, now);
    const { at, expiresAt } = notification;
    const times = { at: formatInstant(at), expiresAt: formatInstant(expiresAt) };
    return { dryRun: true, ...(await this.count(notification)), ...times };
  }

  private async count(
    notification: Notification,
  ): Promise<Pick<DryRunView, 'devices' | 'online' | 'complete'>> {
    let [devices, online] = [0, 0];
    for await (const page of this.pages(notification)) {
      devices += page.length;
      online += await this.online(notification, page);
      if (devices >= MAX_COUNTED) return { devices, online, complete: false };
    }
    return { devices, online, complete: true };
  }

  /** Each device once. */
  private async *pages({ app, audience }: Notification): AsyncGenerator<string[]> {
    const query = await this.audience.open(app, audience, Date.now());
    const named = await query.named();
    if (named) {
      yield* named.values();
      return;
    }
    for (const partition of await query.partitions()) {
      const seen = new Set<string>();
      for await (const page of query.pages(partition)) {
        const fresh = page.filter((id) => !seen.has(id));
        for (const id of fresh) seen.add(id);
        yield [...new Set(fresh)];
      }
    }
  }

  private async online({ transports }: Notification, deviceIds: readonly string[]): Promise<number> {
    const found = await this.presence.connectionsOf(deviceIds);
    const usable = (transport: string): boolean =>
      !transports || (transports as readonly string[]).includes(transport);
    return found.filter((connections) => connections.some(({ transport }) => usable(transport))).length;
  }
}
