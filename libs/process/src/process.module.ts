import { type DynamicModule, Global, Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { MetricsModule } from '@carillon/observability';
import { PersistenceModule, type PersistenceOptions } from '@carillon/persistence';
import { HealthController } from './health/health.controller.js';
import { MetricsController } from './health/metrics.controller.js';
import { CertificateReload } from './listening/tls/certificate-reload.js';
import { Reload } from './listening/reload.js';
import { ProcessContext } from './process-context.js';

/** What each process has, whatever its work: its context, the repositories, health and metrics. */
@Global()
@Module({})
export class ProcessModule {
  static forRoot(context: ProcessContext, persistence: PersistenceOptions): DynamicModule {
    return {
      module: ProcessModule,
      imports: [
        PersistenceModule.forRoot(persistence),
        MetricsModule,
        TerminusModule.forRoot({ logger: false }),
      ],
      providers: [{ provide: ProcessContext, useValue: context }, Reload, CertificateReload],
      controllers: [HealthController, MetricsController],
      exports: [ProcessContext, Reload],
    };
  }
}
