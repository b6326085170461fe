import { type Deposit, type Notification, unrenderedBytes } from '@carillon/domain';
import { contentJsonOf } from './content-json.js';

/** What an inbox must know of a notification. */
export function depositOf(notification: Notification): Deposit {
  const { id, app, expiresAt, ttl, collapseKey, replaces, priority, template } = notification;
  return {
    notificationId: id,
    app,
    expiresAt,
    onlineOnly: ttl === 0,
    bytes: template ? unrenderedBytes(template) : Buffer.byteLength(contentJsonOf(notification)),
    ...(collapseKey !== undefined && { collapseKey }),
    ...(replaces !== undefined && { replaces }),
    ...(priority && { priority }),
  };
}
