import type { Notification } from '../notification/notification.js';

/** At most so many notifications of a category for one user, in any span of so many seconds. */
export interface Cap {
  readonly category: string;
  readonly max: number;
  readonly seconds: number;
}

/** The cap on all notifications together has the place of a category. */
export const OVERALL = 'overall';
export const MAX_CAP = 1_000;
export const MAX_CAP_SECONDS = 90 * 86_400;

/** The caps that a notification has to keep to: that of its category, and the overall one. None holds back what is critical, or no person sees. */
export function capsOn(
  { kind, category, critical }: Pick<Notification, 'kind' | 'category' | 'critical'>,
  caps: readonly Cap[],
): Cap[] {
  if (critical || kind !== 'notification') return [];
  const own = caps.filter((cap) => cap.category === category);
  return [...own, ...caps.filter((cap) => cap.category === OVERALL && category !== OVERALL)];
}
