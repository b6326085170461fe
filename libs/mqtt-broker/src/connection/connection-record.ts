import type { DisconnectCause, PeerInfo } from '../client.js';
import type { Engine } from '../engine.js';
import { ReasonCode, reasonName } from '../reason-codes.js';
import type { Connection } from './connection.js';

const VERSIONS = { 3: '3.1', 4: '3.1.1', 5: '5.0' } as const;
const LONGEST_ID = 128;
/** Control characters, and those that turn the direction of text or hide in it: an identifier is the client's own words. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** A client is let in. */
export function recordEntry(connection: Connection): void {
  const { engine, client } = connection;
  engine.traffic.clientEntered();
  engine.clientLog.debug('client connected', {
    ...describe(connection),
    sessionPresent: client?.sessionPresent,
  });
}

/** The one end of every connection: what the server brings about is of interest, the rest is everyday life. */
export function recordEnd(connection: Connection, { by, reasonCode, detail }: DisconnectCause): void {
  const { engine, client } = connection;
  const entered = client?.announced === true;
  if (entered) engine.traffic.clientLeft(by, reasonCode);
  else if (by === 'server') engine.traffic.refused(reasonCode);
  const message = entered
    ? 'client disconnected'
    : by === 'server'
      ? 'connection refused'
      : 'connection lost';
  const level = by === 'server' && !engine.stopping ? 'info' : 'debug';
  engine.clientLog[level](message, { ...describe(connection), by, ...reason(reasonCode, entered), detail });
}

/** No room even to say so. */
export function recordTurnedAway(engine: Engine, { address, transport }: PeerInfo): void {
  const { QuotaExceeded } = ReasonCode;
  engine.traffic.refused(QuotaExceeded);
  const detail = 'too many connections';
  engine.clientLog.info('connection refused', {
    address,
    transport,
    ...reason(QuotaExceeded, false),
    detail,
  });
}

/** Who it is about, for a log line. */
export function describe({ client, askedId, version, peer }: Connection): Record<string, unknown> {
  const { address, transport } = peer;
  if (askedId === undefined) return { address, transport };
  return {
    clientId: printable(client?.id ?? askedId),
    address,
    transport,
    protocolVersion: VERSIONS[version],
  };
}

const reason = (reasonCode: number, entered: boolean): Record<string, unknown> => ({
  reasonCode,
  reason: reasonName(reasonCode, entered),
});

function printable(id: string): string {
  const shown = id.length > LONGEST_ID ? `${id.slice(0, LONGEST_ID)}…` : id;
  return shown.replace(UNPRINTABLE, (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`);
}
