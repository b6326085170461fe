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
  /** Sessions whose client did not come back in time. */
  sessionsExpired = 0;

  clientEntered(): void {
    this.connectionsOpened++;
    this.clientsMaximum = Math.max(this.clientsMaximum, ++this.clientsConnected);
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
