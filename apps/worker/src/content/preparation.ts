import { Injectable } from '@nestjs/common';
import type { Notification } from '@carillon/domain';
import {
  type DeviceContent,
  DeliveryCloser,
  DeviceContents,
  readDeviceFacts,
  RedisInbox,
  Store,
} from '@carillon/persistence';
import { Renderer } from './renderer.js';

/** Who is to be deposited to, and what each is told where that differs. */
export interface Prepared {
  readonly deviceIds: readonly string[];
  readonly contents?: ReadonlyMap<string, DeviceContent>;
}

/** What comes before a deposit: what each device is told. A device that has its delivery keeps what it was told then. */
@Injectable()
export class Preparation {
  private readonly contents: DeviceContents;
  private readonly closer: DeliveryCloser;

  constructor(
    private readonly store: Store,
    private readonly inbox: RedisInbox,
    private readonly renderer: Renderer,
  ) {
    this.contents = new DeviceContents(store);
    this.closer = new DeliveryCloser(store);
  }

  /** @param deviceIds of one partition */
  async prepare(notification: Notification, deviceIds: readonly string[]): Promise<Prepared> {
    if (!notification.template || deviceIds.length === 0) return { deviceIds };
    const partition = this.store.partitionOf(deviceIds[0]!);
    const before = await this.inbox.deliveriesOf(partition, notification.id, deviceIds);
    const made = new Set(before.map(({ deviceId }) => deviceId));
    const fresh = deviceIds.filter((id) => !made.has(id));
    const facts = await readDeviceFacts(this.store, fresh, this.renderer.attributesOf(notification));
    const { contents, failed } = await this.renderer.render(notification, facts.values());
    await this.closer.close(notification, failed);
    await this.contents.keep(notification, partition, contents);
    const earlier = await this.contents.of(notification.id, partition, [...made]);
    const closed = new Set(failed.map(({ deviceId }) => deviceId));
    return {
      deviceIds: deviceIds.filter((id) => !closed.has(id)),
      contents: new Map([...earlier, ...contents]),
    };
  }
}
