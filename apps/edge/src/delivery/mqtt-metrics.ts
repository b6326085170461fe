import type { Metrics } from '@carillon/observability';
import { type BrokerStatistics, type MqttBroker, reasonName } from '@carillon/mqtt-broker';

type Broker = Pick<MqttBroker, 'statistics'>;
type Count = (statistics: BrokerStatistics) => number;

/** Shown as they are; `mqtt_` stands before each name. */
const GAUGES: Readonly<Record<string, [help: string, count: Count]>> = {
  connections: ['Network connections', (s) => s.connections],
  clients: ['Clients that are connected', (s) => s.traffic.clientsConnected],
  throttled_connections: [
    'Connections that are not read for now, as their clients sent too much',
    (s) => s.traffic.throttledConnections,
  ],
  sessions: ['Sessions, their client connected or not', (s) => s.sessions],
  subscriptions: ['Subscriptions of all sessions', (s) => s.subscriptions],
  retained_messages: ['Retained messages', (s) => s.retainedMessages],
  retained_bytes: ['Memory of the retained messages, estimated', (s) => s.retainedBytes],
  queued_messages: ['Publications that wait for their sessions', (s) => s.queuedMessages],
  queued_bytes: ['Memory of the publications that wait, estimated', (s) => s.queuedBytes],
};

const COUNTERS: Readonly<Record<string, [help: string, count: Count]>> = {
  connections_opened_total: ['Network connections that came', (s) => s.traffic.socketsOpened],
  connections_accepted_total: ['CONNECTs that were accepted', (s) => s.traffic.connectionsOpened],
  throttles_total: ['Times that a client sent too much', (s) => s.traffic.throttles],
  sessions_expired_total: [
    'Sessions whose client did not come back in time',
    (s) => s.traffic.sessionsExpired,
  ],
};

const DIRECTIONS: Readonly<Record<string, [help: string, received: Count, sent: Count]>> = {
  packets_total: [
    'Control packets of every kind',
    (s) => s.traffic.messagesReceived,
    (s) => s.traffic.messagesSent,
  ],
  bytes_total: ['Bytes on the wire, without TLS', (s) => s.traffic.bytesReceived, (s) => s.traffic.bytesSent],
  publications_total: ['PUBLISH packets', (s) => s.traffic.publishReceived, (s) => s.traffic.publishSent],
  publication_bytes_total: [
    'Payloads of PUBLISH packets',
    (s) => s.traffic.publishBytesReceived,
    (s) => s.traffic.publishBytesSent,
  ],
};

/** What the broker counts by itself, read whenever the metrics are. */
export function showMqttMetrics(metrics: Metrics, broker: Broker): void {
  for (const [name, [help, count]] of Object.entries(GAUGES)) {
    const collect = (gauge: { set(value: number): void }): void => gauge.set(count(broker.statistics));
    metrics.gauge({ name: `mqtt_${name}`, help, collect });
  }
  for (const [name, [help, count]] of Object.entries(COUNTERS)) {
    metrics.counted({ name: `mqtt_${name}`, help, read: () => [[{}, count(broker.statistics)]] });
  }
  for (const [name, [help, received, sent]] of Object.entries(DIRECTIONS)) {
    const read = (): [{ direction: string }, number][] => [
      [{ direction: 'received' }, received(broker.statistics)],
      [{ direction: 'sent' }, sent(broker.statistics)],
    ];
    metrics.counted({ name: `mqtt_${name}`, help, labels: ['direction'], read });
  }
  showReasons(metrics, broker);
}

function showReasons(metrics: Metrics, broker: Broker): void {
  metrics.counted({
    name: 'mqtt_publications_dropped_total',
    help: 'Publications that a recipient lost to a stated bound',
    labels: ['reason'],
    read: () => Object.entries(broker.statistics.traffic.drops).map(([reason, count]) => [{ reason }, count]),
  });
  metrics.counted({
    name: 'mqtt_connections_refused_total',
    help: 'Connections that never became a client, by the reason code of the refusal',
    labels: ['reason'],
    read: () =>
      [...broker.statistics.traffic.refusals].map(([code, count]) => [{ reason: reasonName(code) }, count]),
  });
  metrics.counted({
    name: 'mqtt_disconnects_total',
    help: 'Clients that are gone, by who ended the connection and the reason code',
    labels: ['by', 'reason'],
    read: () =>
      Object.entries(broker.statistics.traffic.departures).flatMap(([by, counts]) =>
        [...counts].map(([code, count]): [{ by: string; reason: string }, number] => [
          { by, reason: reasonName(code, true) },
          count,
        ]),
      ),
  });
}
