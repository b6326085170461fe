import { CarillonError, type Device, INBOX_START } from '@carillon/domain';
import type { DispatchPublisher } from '../edges/dispatch-publisher.js';
import type { EdgeRegistry } from '../edges/edge-registry.js';
import type { RedisInbox } from '../inbox/redis-inbox.js';
import type { RedisLists } from '../audience/redis-lists.js';
import type { RedisDevices } from './redis-devices.js';
import type { RedisGroups } from './redis-groups.js';

const PAGE = 500;
/** Deliveries may arrive while the inbox is being emptied; each round needs new ones. */
const MAX_ROUNDS = 20;

/** Takes a device away with all that is its own: nothing in its inbox is dropped in silence. */
export class DeviceRemoval {
  constructor(
    private readonly devices: RedisDevices,
    private readonly groups: RedisGroups,
    private readonly inbox: RedisInbox,
    private readonly dispatch: DispatchPublisher,
    private readonly edges: EdgeRegistry,
    private readonly lists: RedisLists,
  ) {}

  /** Safe to repeat after it was interrupted. */
  async remove(device: Device): Promise<void> {
    const { app, id } = device;
    await Promise.all(device.groups.map((group) => this.groups.remove(app, group, { device: id })));
    await this.lists.forgetDevice(app, id);
    await this.delete(app, id);
    await this.dispatch.revoke(await this.edges.all(), id);
  }

  private async delete(app: string, id: string): Promise<void> {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      await this.purge(app, id);
      const outcome = await this.devices.delete(app, id);
      if (outcome !== 'inbox') return;
    }
    throw new CarillonError('unavailable', `device ${id} is being sent to faster than it can be removed`, {
      retryAfterSeconds: 1,
    });
  }

  private async purge(app: string, deviceId: string): Promise<void> {
    for (;;) {
      const entries = await this.inbox.read(deviceId, INBOX_START, PAGE);
      if (entries.length === 0) return;
      const at = Date.now();
      const steps = entries.map(({ notificationId }) => ({
        app,
        deviceId,
        notificationId,
        state: 'purged' as const,
        at,
        detail: 'device deleted',
      }));
      await this.inbox.record(steps);
    }
  }
}
