import type { AuthenticationMethod } from './authentication/authentication-method.js';
import type { ClusterMember } from './cluster/cluster-member.js';
import type { Packet } from './codec/packets.js';
import type { Connection } from './connection/connection.js';
import type { Flusher } from './connection/flusher.js';
import type { FrameAssemblers } from './connection/frame-assemblers.js';
import type { BrokerLogger, MqttBrokerHooks } from './hooks.js';
import type { Publication } from './inflight/publication.js';
import type { QueueBudget } from './inflight/message-queue.js';
import type { BrokerLimits } from './limits.js';
import type { Bequest } from './session/legacy.js';
import type { PendingWill } from './session/session.js';
import type { SessionRegistry } from './session/session-registry.js';
import type { BoundedLog } from './statistics/bounded-log.js';
import type { Traffic } from './statistics/traffic.js';
import type { TimerWheel } from './timers/timer-wheel.js';
import type { RetainedStore } from './topics/retained-store.js';
import type { SubscriptionIndex } from './topics/subscription-index.js';

/** What connections, sessions and handlers share: the inside of one broker. */
export interface Engine {
  readonly hooks: MqttBrokerHooks;
  readonly limits: Readonly<BrokerLimits>;
  readonly logger: BrokerLogger;
  /** For what clients bring about, as often as they like. */
  readonly clientLog: BoundedLog;
  /** 0x87 or 0x80, see MqttBrokerOptions. */
  readonly deniedSubscriptionCode: number;
  /** By name. */
  readonly authenticationMethods: ReadonlyMap<string, AuthenticationMethod>;
  readonly now: () => number;
  /** Whole milliseconds since the broker was made: for weeks an integer that is kept in place. */
  age(): number;
  readonly wheel: TimerWheel;
  readonly flusher: Flusher;
  readonly assemblers: FrameAssemblers;
  readonly index: SubscriptionIndex;
  readonly retained: RetainedStore;
  readonly sessions: SessionRegistry;
  readonly queueBudget: QueueBudget;
  readonly connections: Set<Connection>;
  readonly traffic: Traffic;
  readonly stopping: boolean;
  /** Undefined: this broker shares nothing with others. */
  readonly cluster: ClusterMember | undefined;
  /** Answers a packet; a promise holds back the packets that follow. */
  handle(connection: Connection, packet: Packet): void | Promise<void>;
  /** To subscribers, and into the retained messages, of all brokers. */
  route(publication: Publication): void | Promise<void>;
  /** To subscribers of this broker, and into its own retained messages. */
  distribute(publication: Publication): void;
  /** Gives what a session that ended leaves to other members, of this broker, of its shared subscriptions. */
  bequeath(bequests: readonly Bequest[]): void;
  publishWill(clientId: string, will: PendingWill): void;
  /** Runs a promise that nobody waits for; a rejection is logged. */
  supervise(promise: Promise<unknown>, what: string): void;
  /** Calls a hook that only listens; what it throws is logged. */
  notify(what: string, call: () => void): void;
}
