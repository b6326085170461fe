import type { DeviceLogin } from '@carillon/domain';
import type { AccountStore } from '@carillon/xmpp-server';
import type { TransportContext } from '../transport-context.js';

/** A client that is back by then is not woken, ms. */
const GRACE_MS = 2_000;
/** Devices that may be on their way back at once; one more is not woken for what was under way. */
const MAX_WAITING = 10_000;

/** Has the workers tell the push services of a device whose connection broke with deliveries under way (XEP-0357 §5). */
export class WakeUps {
  private readonly waiting = new Map<string, NodeJS.Timeout>();

  constructor(
    private readonly context: TransportContext,
    private readonly records: AccountStore,
  ) {}

  ask(login: DeviceLogin): void {
    const { id } = login;
    if (this.waiting.has(id) || this.waiting.size >= MAX_WAITING) return;
    this.waiting.set(
      id,
      setTimeout(() => {
        this.waiting.delete(id);
        void this.publish(login).catch((error: unknown) =>
          this.context.logger.warn({ deviceId: id, error: String(error) }, 'a device could not be woken'),
        );
      }, GRACE_MS),
    );
  }

  close(): void {
    for (const timer of this.waiting.values()) clearTimeout(timer);
    this.waiting.clear();
  }

  private async publish({ app, id: deviceId }: DeviceLogin): Promise<void> {
    if ((await this.records.list(deviceId, 'push')).size === 0) return;
    if ((await this.context.presence.connections(deviceId)).length > 0) return;
    await this.context.events.publish({ type: 'asleep', app, deviceId, transport: 'xmpp', at: Date.now() });
  }
}
