import { Injectable } from '@nestjs/common';
import type { Cap, Notification } from '@carillon/domain';
import {
  type Closing,
  type DeviceContent,
  DeliveryCloser,
  DeviceContents,
  type DeviceFacts,
  readDeviceFacts,
  RedisCaps,
  RedisInbox,
  Store,
} from '@carillon/persistence';
import { CapCatalog } from './cap-catalog.js';
import { type RenderedPage, Renderer } from './renderer.js';

/** Who is to be deposited to, and what each is told where that differs. */
export interface Prepared {
  readonly deviceIds: readonly string[];
  readonly contents?: ReadonlyMap<string, DeviceContent>;
}

/**
 * What comes before a deposit: what each device is told, and whether it has been told enough. A device that has its delivery keeps what it was told
 * then; whoever gets nothing has a receipt. Doing it again changes nothing.
 */
@Injectable()
export class Preparation {
  private readonly contents: DeviceContents;
  private readonly closer: DeliveryCloser;

  constructor(
    private readonly store: Store,
    private readonly inbox: RedisInbox,
    private readonly renderer: Renderer,
    private readonly capCatalog: CapCatalog,
    private readonly caps: RedisCaps,
  ) {
    this.contents = new DeviceContents(store);
    this.closer = new DeliveryCloser(store);
  }

  /** @param deviceIds of one partition */
  async prepare(notification: Notification, deviceIds: readonly string[]): Promise<Prepared> {
    const caps = await this.capCatalog.on(notification);
    if ((!notification.template && caps.length === 0) || deviceIds.length === 0) return { deviceIds };
    const partition = this.store.partitionOf(deviceIds[0]!);
    const before = await this.inbox.deliveriesOf(partition, notification.id, deviceIds);
    const made = new Set(before.map(({ deviceId }) => deviceId));
    const fresh = deviceIds.filter((id) => !made.has(id));
    const { rendered, devices } = await this.render(notification, fresh);
    // What cannot be said counts for nothing.
    const capped = await this.holdBack(notification, caps, devices);
    const closings = [...(rendered?.failed ?? []), ...capped];
    await this.closer.close(notification, closings);
    const closed = new Set(closings.map(({ deviceId }) => deviceId));
    const left = deviceIds.filter((id) => !closed.has(id));
    return rendered ? this.keep(notification, partition, left, rendered, [...made]) : { deviceIds: left };
  }

  private async render(
    notification: Notification,
    deviceIds: readonly string[],
  ): Promise<{ rendered: RenderedPage | undefined; devices: DeviceFacts[] }> {
    const isTemplate = notification.template !== undefined;
    const attributes = isTemplate ? this.renderer.attributesOf(notification) : [];
    const facts = await readDeviceFacts(this.store, deviceIds, attributes);
    if (!isTemplate) return { rendered: undefined, devices: [...facts.values()] };
    const rendered = await this.renderer.render(notification, facts.values());
    return { rendered, devices: [...facts.values()].filter(({ id }) => rendered.contents.has(id)) };
  }

  private async holdBack(
    { app, id }: Notification,
    caps: readonly Cap[],
    devices: readonly DeviceFacts[],
  ): Promise<Closing[]> {
    if (caps.length === 0 || devices.length === 0) return [];
    const subjects = devices.map((device) => ({
      deviceId: device.id,
      ...(device.user !== undefined && { user: device.user }),
    }));
    const held = await this.caps.claim(app, id, caps, subjects, Date.now());
    return [...held].map(([deviceId, { category }]) => ({
      deviceId,
      state: 'suppressed',
      reason: `cap ${category}`,
    }));
  }

  private async keep(
    notification: Notification,
    partition: number,
    deviceIds: readonly string[],
    { contents }: RenderedPage,
    made: readonly string[],
  ): Promise<Prepared> {
    const told = new Set(deviceIds);
    const own = new Map([...contents].filter(([id]) => told.has(id)));
    await this.contents.keep(notification, partition, own);
    const earlier = await this.contents.of(notification.id, partition, made);
    return { deviceIds, contents: new Map([...earlier, ...own]) };
  }
}
