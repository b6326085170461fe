import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Metrics } from '@carillon/observability';
import { ProcessContext } from '../../process-context.js';
import { Reload } from '../reload.js';

/** Has the certificates read again on SIGHUP, and says when they end. */
@Injectable()
export class CertificateReload implements OnModuleInit {
  constructor(
    private readonly context: ProcessContext,
    private readonly reload: Reload,
    metrics: Metrics,
  ) {
    metrics.gauge({
      name: 'tls_certificate_expiry_timestamp_seconds',
      help: 'When each certificate that TLS shows expires, by its first name',
      labels: ['name'],
      collect: (gauge) => {
        gauge.reset();
        for (const { name, notAfter } of context.tls.expiries()) gauge.set({ name }, notAfter);
      },
    });
  }

  onModuleInit(): void {
    this.reload.add('TLS certificates', () => this.context.tls.load());
  }
}
