import type { Metrics } from '@carillon/observability';
import type { XmppTransport } from '@carillon/transports';

/** What the XMPP transport counts by itself, read whenever the metrics are. */
export function showXmppMetrics(metrics: Metrics, { sessions }: Pick<XmppTransport, 'sessions'>): void {
  metrics.counted({
    name: 'xmpp_sessions_total',
    help: 'XMPP sessions that were bound, and resumptions of such',
    labels: ['how'],
    read: () => [
      [{ how: 'bound' }, sessions.bound],
      [{ how: 'resumed' }, sessions.resumed],
    ],
  });
}
