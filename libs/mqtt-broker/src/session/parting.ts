import type { Connection } from '../connection/connection.js';

/** A connection ends: its session goes its own way, and the will goes out, now or after its delay [MQTT-3.1.2-8]. */
export function partWithSession(connection: Connection, withWill: boolean): void {
  const { session, client, will, engine } = connection;
  connection.session = undefined;
  connection.will = undefined;
  if (!session || session.connection !== connection) return;
  const due = will && client && withWill ? { client, will } : undefined;
  const delay = Math.min(will?.properties?.willDelayInterval ?? 0, session.expiryInterval);
  if (due && delay > 0) session.pendingWill = due;
  engine.sessions.park(session);
  if (due && delay === 0) engine.publishWill(session.id, due);
}
