import { Injectable } from '@nestjs/common';
import {
  CarillonError,
  type FenceNotification,
  formatInstant,
  type Geofence,
  parseFenceArea,
  parseMessage,
} from '@carillon/domain';
import { MAX_GEOFENCES, RedisGeofences } from '@carillon/persistence';
import type { PageQuery } from '../http/page.dto.js';
import type { FenceNotificationFields, GeofencePage, GeofenceView, PutGeofence } from './geofence.dto.js';

const DEFAULT_DWELL = 300;
const DEFAULT_HYSTERESIS = 50;
/** Whoever has come into a shop is to hear of it while there. */
const DEFAULT_FENCE_TTL = 3_600;

@Injectable()
export class GeofencesService {
  constructor(private readonly geofences: RedisGeofences) {}

  async put(app: string, id: string, fields: PutGeofence): Promise<{ view: GeofenceView; created: boolean }> {
    const before = await this.geofences.find(app, id);
    if (!before && (await this.geofences.count(app)) >= MAX_GEOFENCES)
      throw new CarillonError('conflict', `there are ${MAX_GEOFENCES} geofences already`);
    const now = Date.now();
    const fence: Geofence = {
      id,
      app,
      ...(fields.name && { name: fields.name }),
      area: parseFenceArea(fields.area),
      triggers: [...new Set(fields.triggers)],
      dwellSeconds: fields.dwellSeconds ?? DEFAULT_DWELL,
      hysteresis: fields.hysteresis ?? DEFAULT_HYSTERESIS,
      ...(fields.cap && { cap: { max: fields.cap.max, seconds: fields.cap.seconds } }),
      ...(fields.notification && { notification: notificationOf(fields.notification) }),
      createdAt: before?.createdAt ?? now,
      updatedAt: now,
    };
    await this.geofences.save(fence);
    return { view: geofenceView(fence), created: !before };
  }

  async read(app: string, id: string): Promise<GeofenceView> {
    const fence = await this.geofences.find(app, id);
    if (!fence) throw noSuchFence(id);
    return geofenceView(fence);
  }

  /** The cursor is the last id of the page before. */
  async page(app: string, { cursor, limit }: PageQuery): Promise<GeofencePage> {
    const all = await this.geofences.all(app);
    const rest = cursor === undefined ? all : all.filter(({ id }) => id > cursor);
    const page = rest.slice(0, limit);
    return { geofences: page.map(geofenceView), ...(rest.length > limit && { next: page.at(-1)!.id }) };
  }

  async delete(app: string, id: string): Promise<void> {
    if (!(await this.geofences.delete(app, id))) throw noSuchFence(id);
  }
}

function notificationOf(fields: FenceNotificationFields): FenceNotification {
  const { ttl, priority, collapseKey } = fields;
  return {
    content: contentOf(fields),
    ttl: ttl ?? DEFAULT_FENCE_TTL,
    ...(priority && { priority }),
    ...(collapseKey && { collapseKey }),
  };
}

function contentOf({ kind, title, body, uri, data }: FenceNotificationFields): FenceNotification['content'] {
  const message = parseMessage({ kind, title, body, uri, data }, undefined, '/notification');
  return { kind: message.kind, ...(!message.template && message.content) };
}

function geofenceView(fence: Geofence): GeofenceView {
  const { id, name, area, triggers, dwellSeconds, hysteresis, cap, notification } = fence;
  return {
    id,
    ...(name !== undefined && { name }),
    area,
    triggers,
    dwellSeconds,
    hysteresis,
    ...(cap && { cap }),
    ...(notification && { notification: fieldsOf(notification) }),
    createdAt: formatInstant(fence.createdAt),
    updatedAt: formatInstant(fence.updatedAt),
  };
}

const fieldsOf = ({ content, ...options }: FenceNotification): FenceNotificationFields =>
  ({ ...content, ...options }) as FenceNotificationFields;

const noSuchFence = (id: string): CarillonError =>
  new CarillonError('not-found', `there is no geofence ${id}`);
