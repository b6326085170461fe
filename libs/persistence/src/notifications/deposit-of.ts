import { type Deposit, envelopeContent, type Notification, unrenderedBytes } from '@carillon/domain';

/** What an inbox must know of a notification. */
export function depositOf(notification: Notification): Deposit {
  const { id, app, expiresAt, ttl, collapseKey, replaces, priority, template } = notification;
  return {
    notificationId: id,
    app,
    expiresAt,
    onlineOnly: ttl === 0,
    bytes: template
      ? unrenderedBytes(template)
      : Buffer.byteLength(JSON.stringify(envelopeContent(notification))),
    ...(collapseKey !== undefined && { collapseKey }),
    ...(replaces !== undefined && { replaces }),
    ...(priority && { priority }),
  };
}
