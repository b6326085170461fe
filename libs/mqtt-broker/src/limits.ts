/** Every bound of the engine. Sizes are bytes, times milliseconds unless the name says otherwise. */
export interface BrokerLimits {
  /** A whole packet from a client; announced as Maximum Packet Size. */
  maxPacketSize: number;
  /** A whole CONNECT: what a client may send before it is known. */
  maxConnectPacketSize: number;
  maxConnections: number;
  /** From the first byte of the connection to a complete CONNECT, and again for the authentication. */
  connectTimeoutMs: number;
  /** QoS 1 and 2 publications a client may have unacknowledged with us (Receive Maximum of the CONNACK). */
  receiveMaximum: number;
  /** Unacknowledged publications to one client, whatever larger Receive Maximum it allows. */
  maxInflight: number;
  /** Bytes of unacknowledged publications to one client: above it, one more waits. */
  maxInflightBytes: number;
  /** Waiting publications of one session; the oldest is dropped for a new one. */
  maxQueuedMessages: number;
  maxQueuedBytes: number;
  /** Waiting bytes of all sessions; above it nothing more is queued. */
  maxTotalQueuedBytes: number;
  /** Unsent bytes of one connection: above it QoS 0 is dropped, QoS 1 and 2 wait in the queue, and reading stops. */
  maxOutboundBytes: number;
  /** A connection whose unsent bytes did not drain for so long is closed. */
  stallTimeoutMs: number;
  /** A client that sends more, in the mean and beyond what a second brings, is read no faster; 0 for no limit. */
  maxBytesPerSecond: number;
  /** Likewise its packets, but for acknowledgements. */
  maxMessagesPerSecond: number;
  /** How long a closed connection may take to read its last packet. */
  lingerMs: number;
  maxSessions: number;
  /** Seconds a session may outlive its connection; a 3.x session without Clean Session gets just this. */
  sessionExpiryMax: number;
  /** Seconds; a longer keep alive, or none, is replaced by it in 5.0 (Server Keep Alive); 0 leaves them alone. */
  maxKeepAlive: number;
  maxSubscriptionsPerClient: number;
  maxTopicLevels: number;
  /** Characters of a topic filter. */
  maxFilterLength: number;
  maxClientIdLength: number;
  /** Topic aliases a client may set with us. */
  topicAliasMaximum: number;
  /** Topic aliases that we set with a client that allows them. */
  maxOutboundTopicAliases: number;
  maxRetainedMessages: number;
  maxRetainedBytes: number;
  /** Topics whose recipients are remembered. */
  maxCachedMatches: number;
  /** Times that a QoS 2 publication may be repeated on one connection before its PUBREL. */
  maxQoS2Repeats: number;
  /** Resolution of keepalives and other timers. */
  timerResolutionMs: number;
}

export const defaultLimits: Readonly<BrokerLimits> = {
  maxPacketSize: 1024 * 1024,
  maxConnectPacketSize: 192 * 1024,
  maxConnections: 1_000_000,
  connectTimeoutMs: 10_000,
  receiveMaximum: 1024,
  maxInflight: 128,
  maxInflightBytes: 4 * 1024 * 1024,
  maxQueuedMessages: 1000,
  maxQueuedBytes: 4 * 1024 * 1024,
  maxTotalQueuedBytes: 512 * 1024 * 1024,
  maxOutboundBytes: 1024 * 1024,
  stallTimeoutMs: 60_000,
  maxBytesPerSecond: 0,
  maxMessagesPerSecond: 0,
  lingerMs: 2_000,
  maxSessions: 1_000_000,
  sessionExpiryMax: 7 * 24 * 3600,
  maxKeepAlive: 0,
  maxSubscriptionsPerClient: 1000,
  maxTopicLevels: 32,
  maxFilterLength: 1024,
  maxClientIdLength: 1024,
  topicAliasMaximum: 32,
  maxOutboundTopicAliases: 16,
  maxRetainedMessages: 100_000,
  maxRetainedBytes: 256 * 1024 * 1024,
  maxCachedMatches: 10_000,
  maxQoS2Repeats: 2,
  timerResolutionMs: 250,
};
