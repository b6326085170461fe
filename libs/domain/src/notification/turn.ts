import type { Notification } from './notification.js';

/**
 * Whose turn a notification takes: those with the same turn get into inboxes in the order in which they were accepted.
 * What is for one device, or for one user's, has one; what has to search for its devices, waits for its time or is paced has none.
 */
export function turnOf(
  notification: Pick<Notification, 'app' | 'audience' | 'at' | 'acceptedAt' | 'pace'>,
): string | undefined {
  const { app, audience, at, acceptedAt, pace } = notification;
  if (pace || at > acceptedAt) return undefined;
  const [kind, names] =
    'device' in audience
      ? (['d', audience.device] as const)
      : 'user' in audience
        ? (['u', audience.user] as const)
        : ['', []];
  return names.length === 1 ? `${app}:${kind}:${names[0]}` : undefined;
}
