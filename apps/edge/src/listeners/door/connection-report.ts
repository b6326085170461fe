import type { Counter, Gauge, Metrics } from '@carillon/observability';
import { LimitedLog } from '@carillon/process';
import type { Refusal } from './door.js';

/** Why a connection ended before an engine had it. */
export type Ending = Refusal | 'proxy-header' | 'tls-handshake';

interface ReportLogger {
  debug(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** Metrics and log of what happens at the door. */
export class ConnectionReport {
  private readonly open: Gauge<'listener'>;
  private readonly accepted: Counter<'listener'>;
  private readonly ended: Counter<'listener' | 'reason'>;
  private readonly debug: LimitedLog;
  private readonly warn: LimitedLog;

  constructor(metrics: Metrics, logger: ReportLogger) {
    this.open = metrics.gauge({
      name: 'connections',
      help: "Devices' connections, those in their handshake included",
      labels: ['listener'],
    });
    this.accepted = metrics.counter({
      name: 'connections_accepted_total',
      help: "Devices' connections that were let in",
      labels: ['listener'],
    });
    this.ended = metrics.counter({
      name: 'connections_refused_total',
      help: "Devices' connections that were ended by a limit, their PROXY header or their TLS handshake",
      labels: ['listener', 'reason'],
    });
    this.debug = new LimitedLog((fields, message) => logger.debug(fields, message));
    this.warn = new LimitedLog((fields, message) => logger.warn(fields, message));
  }

  entered(listener: string): void {
    this.open.inc({ listener });
  }

  left(listener: string): void {
    this.open.dec({ listener });
  }

  admitted(listener: string): void {
    this.accepted.inc({ listener });
  }

  refused(listener: string, reason: Refusal, address: string | undefined): void {
    this.ended.inc({ listener, reason });
    this.debug.write({ listener, reason, address }, 'a connection was refused', `${listener} ${reason}`);
  }

  proxyFailed(listener: string, failure: { address: string; reason: string }): void {
    this.ended.inc({ listener, reason: 'proxy-header' satisfies Ending });
    this.warn.write(
      { listener, ...failure },
      'a connection was ended: PROXY protocol',
      `${listener} ${failure.reason}`,
    );
  }

  handshakeFailed(listener: string, error: Error, address: string | undefined): void {
    this.ended.inc({ listener, reason: 'tls-handshake' satisfies Ending });
    this.debug.write({ listener, address, error: error.message }, 'a TLS handshake failed');
  }

  failed(error: Error): void {
    this.debug.write({ error: error.message }, 'a connection failed');
  }
}
