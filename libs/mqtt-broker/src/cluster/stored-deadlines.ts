import { NEVER_EXPIRES } from '../session/session.js';
import type { StoredSession } from './session-store.js';

/** Whether a session was over before its client came back: its time had passed, or it was to end with its connection. */
export function hasRunOut({ expiryInterval, offlineSince }: StoredSession, now: number): boolean {
  if (expiryInterval === 0) return true;
  if (expiryInterval === NEVER_EXPIRES || offlineSince === undefined) return false;
  return offlineSince + expiryInterval * 1000 <= now;
}

/**
 * Whether the will of a session that is resumed has to be sent all the same: its connection ended with its broker, which
 * could not send it, and no delay was left (MQTT 5.0 §3.1.3.2.2).
 */
export function willIsDue({ will, offlineSince, formerBroker }: StoredSession, now: number): boolean {
  if (!will || formerBroker === undefined) return false;
  const { willDelayInterval = 0 } = will.properties ?? {};
  return (offlineSince ?? now) + willDelayInterval * 1000 <= now;
}
