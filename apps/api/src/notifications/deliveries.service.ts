import { Injectable } from '@nestjs/common';
import { CarillonError, type Delivery } from '@carillon/domain';
import { RedisInbox } from '@carillon/persistence';
import { foreignCursor } from '../http/page.dto.js';
import type { DeliveryQuery } from './notification.dto.js';
import { type DeliveryPage, type DeliveryView, deliveryView } from './notification.view.js';
import { NotificationsService } from './notifications.service.js';

/** Deliveries that one request looks at; a page that a filter leaves short says where to go on. */
const MAX_SCANNED = 10_000;

/** Where a page ends: index among the partitions, HSCAN cursor there, and what of that scan was given already. */
interface Place {
  readonly index: number;
  readonly scan: string;
  readonly skip: number;
}

@Injectable()
export class DeliveriesService {
  constructor(
    private readonly notifications: NotificationsService,
    private readonly inbox: RedisInbox,
  ) {}

  async read(app: string, id: string, deviceId: string): Promise<DeliveryView> {
    const delivery = await this.find(app, id, deviceId);
    if (delivery) return deliveryView(delivery);
    throw new CarillonError('not-found', `notification ${id} has no delivery for device ${deviceId}`);
  }

  async page(app: string, id: string, query: DeliveryQuery): Promise<DeliveryPage> {
    if (query.device !== undefined) {
      const delivery = await this.find(app, id, query.device);
      const fits = delivery && (query.state === undefined || delivery.state === query.state);
      return { deliveries: fits ? [deliveryView(delivery)] : [] };
    }
    const partitions = await this.notifications.partitions(app, id);
    return this.collect(
      id,
      partitions.toSorted((a, b) => a - b),
      query,
    );
  }

  private async find(app: string, id: string, deviceId: string): Promise<Delivery | undefined> {
    await this.notifications.record(app, id);
    return this.inbox.delivery(id, deviceId);
  }

  private async collect(
    id: string,
    partitions: readonly number[],
    { state, limit, cursor }: DeliveryQuery,
  ): Promise<DeliveryPage> {
    let place: Place | undefined = parsePlace(cursor);
    const found: Delivery[] = [];
    for (let scanned = 0; place && found.length < limit && scanned < MAX_SCANNED;) {
      const partition = partitions[place.index];
      if (partition === undefined) return { deliveries: found.map(deliveryView) };
      const page = await this.inbox.deliveries(partition, id, place.scan, limit);
      // A small hash comes whole, whatever COUNT says: the rest of it is for the next page.
      const rest = page.deliveries
        .slice(place.skip)
        .filter((each) => state === undefined || each.state === state);
      const taken = rest.slice(0, limit - found.length);
      found.push(...taken);
      scanned += page.deliveries.length;
      place = nextPlace(place, page, rest.length > taken.length ? taken.at(-1)! : undefined);
    }
    return {
      deliveries: found.map(deliveryView),
      ...(place && place.index < partitions.length && { next: format(place) }),
    };
  }
}

function nextPlace(
  { index, scan }: Place,
  page: { cursor: string; deliveries: readonly Delivery[] },
  last: Delivery | undefined,
): Place {
  if (last) return { index, scan, skip: page.deliveries.indexOf(last) + 1 };
  return page.cursor === '0'
    ? { index: index + 1, scan: '0', skip: 0 }
    : { index, scan: page.cursor, skip: 0 };
}

const format = ({ index, scan, skip }: Place): string => `${index}.${scan}.${skip}`;

function parsePlace(cursor = '0.0.0'): Place {
  if (!/^\d{1,4}\.\d{1,20}\.\d{1,9}$/.test(cursor)) throw foreignCursor();
  const [index, scan = '0', skip] = cursor.split('.');
  return { index: Number(index), scan, skip: Number(skip) };
}
