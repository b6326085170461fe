import { Injectable } from '@nestjs/common';
import { type Cap, capsOn, type Notification } from '@carillon/domain';
import { RedisCaps } from '@carillon/persistence';

/** How old the caps that a worker goes by may be, ms. */
const MAX_AGE = 1_000;

/** The caps of all apps, read anew every second in which they are asked for. */
@Injectable()
export class CapCatalog {
  private readonly known = new Map<string, { readonly caps: Promise<Cap[]>; readonly readAt: number }>();

  constructor(private readonly caps: RedisCaps) {}

  /** The caps that a notification has to keep to. */
  async on(notification: Notification): Promise<Cap[]> {
    return capsOn(notification, await this.of(notification.app));
  }

  private of(app: string): Promise<Cap[]> {
    const now = Date.now();
    const known = this.known.get(app);
    if (known && now - known.readAt < MAX_AGE) return known.caps;
    const caps = this.caps.list(app);
    this.known.set(app, { caps, readAt: now });
    // What could not be read is asked for again.
    caps.catch(() => this.known.delete(app));
    return caps;
  }
}
