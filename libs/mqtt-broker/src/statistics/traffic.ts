import type { DisconnectCause } from '../client.js';
import type { DropReason } from '../hooks.js';

/** Reason codes are a byte, and those of clients are among the few that a DISCONNECT may have. */
function countOne(counts: Map<number, number>, reasonCode: number): void {
  counts.set(reasonCode, (counts.get(reasonCode) ?? 0) + 1);
}

/** What came and went since the broker was made: counters alone, as they are touched for every packet. */
export class Traffic {
  /** Control packets of every kind. */
  messagesReceived = 0;
  messagesSent = 0;
  bytesReceived = 0;
  bytesSent = 0;
  publishReceived = 0;
  publishSent = 0;
  /** Lost to a stated bound, QoS 0 to readers that stall among them. */
  publishDropped = 0;
  /** Payloads. */
  publishBytesReceived = 0;
  publishBytesSent = 0;
  socketsOpened = 0;
  /** CONNECTs that were accepted. */
  connectionsOpened = 0;
  clientsConnected = 0;
  clientsMaximum = 0;
  /** Connections that are not read for now, as their clients sent too much. */
  throttledConnections = 0;
  /** How often that began. */
  throttles = 0;
  /** Sessions whose client did not come back in time. */
  sessionsExpired = 0;

  /** `publishDropped` by its reasons. */
  readonly drops: Record<DropReason | 'not-reading', number> = {
    'queue-full': 0,
    expired: 0,
    'too-large': 0,
    'not-reading': 0,
  };
  /** Connections that never became a client's, by the reason code of the refusal. */
  readonly refusals = new Map<number, number>();
  /** Clients that are gone, by who ended the connection and the reason code. */
  readonly departures: Readonly<Record<DisconnectCause['by'], Map<number, number>>> = {
    client: new Map(),
    server: new Map(),
    network: new Map(),
  };

  clientEntered(): void {
    this.connectionsOpened++;
    this.clientsMaximum = Math.max(this.clientsMaximum, ++this.clientsConnected);
  }

  clientLeft(by: DisconnectCause['by'], reasonCode: number): void {
    this.clientsConnected--;
    countOne(this.departures[by], reasonCode);
  }

  refused(reasonCode: number): void {
    countOne(this.refusals, reasonCode);
  }

  publicationDropped(why: DropReason | 'not-reading'): void {
    this.publishDropped++;
    this.drops[why]++;
  }

  publicationSent(payloadBytes: number): void {
    this.messagesSent++;
    this.publishSent++;
    this.publishBytesSent += payloadBytes;
  }

  publicationReceived(payloadBytes: number): void {
    this.publishReceived++;
    this.publishBytesReceived += payloadBytes;
  }
}
