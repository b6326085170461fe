import { Injectable } from '@nestjs/common';
import { type Cap, capsOn, type Notification } from '@carillon/domain';
import { RedisCaps } from '@carillon/persistence';
import { RecentReads } from '../recent-reads.js';

/** The caps of all apps, read anew every second in which they are asked for. */
@Injectable()
export class CapCatalog {
  private readonly caps: RecentReads<Cap[]>;

  constructor(caps: RedisCaps) {
    this.caps = new RecentReads((app) => caps.list(app));
  }

  /** The caps that a notification has to keep to. */
  async on(notification: Notification): Promise<Cap[]> {
    return capsOn(notification, await this.caps.of(notification.app));
  }
}
