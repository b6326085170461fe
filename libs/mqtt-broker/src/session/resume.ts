import { PacketType } from '../codec/packets.js';
import type { Connection } from '../connection/connection.js';
import { resend, takesAgain } from '../connection/send-publish.js';
import type { InflightEntry } from '../inflight/inflight-window.js';
import { ReasonCode } from '../reason-codes.js';
import { dropped } from './dropped.js';
import type { Session } from './session.js';

/**
 * Prepares what a resumed session repeats, in the original order [MQTT-4.6.0-1]: PUBREL at once, publications with DUP
 * as the Receive Maximum of the new connection allows [MQTT-4.4.0-1]. Asks `beforeResend` about direct deliveries.
 */
export async function prepareResends(session: Session, connection: Connection): Promise<void> {
  const repeat: InflightEntry[] = [];
  for (const entry of session.window.all()) {
    if (entry.released) continue;
    if (!takesAgain(connection, entry)) giveUp(session, entry);
    else if (await wanted(session, connection, entry)) repeat.push(entry);
    else abandon(session, entry);
  }
  if (session.connection !== connection) return;
  for (const entry of session.window.all()) if (entry.released) sendPubrel(connection, entry);
  session.resends = repeat.length > 0 ? repeat : undefined;
}

async function wanted(session: Session, connection: Connection, entry: InflightEntry): Promise<boolean> {
  const { hooks, logger } = session.engine;
  const { delivery } = entry;
  if (!delivery || !hooks.beforeResend || !connection.client) return true;
  try {
    return await hooks.beforeResend(connection.client, delivery.cookie);
  } catch (error) {
    logger.error('beforeResend failed', { clientId: session.id, error });
    return true;
  }
}

/** A message that is too large to be repeated counts as delivered [MQTT-3.1.2-25]; a direct one is its caller's again. */
function giveUp(session: Session, entry: InflightEntry): void {
  if (entry.publication) dropped(session, entry.publication, entry.key, 'too-large');
  entry.key = 0;
  abandon(session, entry);
}

/**
 * A QoS 1 message is forgotten. A QoS 2 one may have reached the client under its identifier, which stays taken until
 * a PUBREL and PUBCOMP have gone round.
 */
function abandon(session: Session, entry: InflightEntry): void {
  if (entry.qos === 1) {
    session.window.remove(entry);
    return;
  }
  entry.released = true;
  entry.delivery = entry.publication = undefined;
}

function sendPubrel(connection: Connection, entry: InflightEntry): void {
  connection.acknowledge(PacketType.PUBREL, entry.packetId, ReasonCode.Success);
}

export function resendEntry(session: Session, connection: Connection, entry: InflightEntry): void {
  if (session.window.get(entry.packetId) !== entry) return;
  session.window.count(entry);
  resend(connection, entry);
}
