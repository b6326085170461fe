import { type DeviceLogin, NOTIFICATION_ID } from '@carillon/domain';
import type { AndroidpnEvent } from '@carillon/xmpp-server';
import { recordOutcome } from '../channel/device-steps.js';
import type { TransportContext } from '../transport-context.js';

const TRANSPORT = 'xmpp';

/** What androidpn's forks say of notifications, as steps of the deliveries. */
export class AndroidpnReports {
  constructor(private readonly context: TransportContext) {}

  take(login: DeviceLogin, event: AndroidpnEvent): void {
    if (!NOTIFICATION_ID.test(event.id)) return;
    void this.record(login, event).catch((error: unknown) =>
      this.context.logger.warn({ deviceId: login.id, error: String(error) }, 'a report could not be kept'),
    );
  }

  private async record(login: DeviceLogin, event: AndroidpnEvent): Promise<void> {
    if (event.kind === 'read') return this.opened(login, event.id);
    // What was under way here is acknowledged by the session itself.
    if (event.underWay) return;
    if (event.by === 'iq' && (await this.wasAnswered(login, event.id))) return this.opened(login, event.id);
    recordOutcome(this.context, login, event.id, {
      transport: TRANSPORT,
      state: 'acknowledged',
      detail: event.by,
    });
  }

  /** The second answer to a notification may come long after the first, over another connection. */
  private async wasAnswered({ id }: DeviceLogin, notificationId: string): Promise<boolean> {
    const delivery = await this.context.inbox.delivery(notificationId, id);
    return delivery?.steps.some(({ state, detail }) => state === 'acknowledged' && detail === 'iq') ?? false;
  }

  private opened({ app, id: deviceId }: DeviceLogin, notificationId: string): Promise<void> {
    const at = Date.now();
    return this.context.events.publish({
      type: 'opened',
      app,
      deviceId,
      notificationId,
      transport: TRANSPORT,
      at,
    });
  }
}
