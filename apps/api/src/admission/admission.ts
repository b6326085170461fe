import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import {
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  Optional,
} from '@nestjs/common';
import { type Counter, Metrics } from '@carillon/observability';
import { type Pressure, StorePressure, Store } from '@carillon/persistence';
import { ProcessContext, Recurring } from '@carillon/process';
import { type LoadLimits, type Refusal, type RefusalReason, refusalOf } from './refusal.js';

const SAMPLE_MS = 1_000;
const NANOSECONDS = 1e6;
const NO_LIMITS: LoadLimits = { memory: Infinity, backlog: Infinity, delayMs: Infinity };

/** Decides at the door: while the store or this process has too much to bear, nothing new is accepted. What was goes on. */
@Injectable()
export class Admission implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly store: StorePressure;
  private readonly limits: LoadLimits;
  private readonly samples: Recurring;
  private readonly delays: IntervalHistogram = monitorEventLoopDelay({ resolution: 20 });
  private readonly refusals: Counter<'reason'> | undefined;
  private readonly logger = new Logger('Admission');
  private pressure: Pressure = { memory: 0, backlog: 0 };
  private lastDelay = 0;
  private refusal: Refusal | undefined;

  constructor(store: Store, @Optional() context?: ProcessContext, @Optional() metrics?: Metrics) {
    this.store = new StorePressure(store);
    this.limits = context?.config.admission ?? NO_LIMITS;
    this.samples = new Recurring('load sample', () => this.sample(), this.logger);
    this.refusals = metrics?.counter({
      name: 'refused_sends_total',
      help: 'Sends that were refused because of too much load, by what there was too much of',
      labels: ['reason'],
    });
    metrics?.gauge({
      name: 'backlog_entries',
      help: 'Entries of the work streams that wait or are under way',
      collect: (gauge) => gauge.set(this.pressure.backlog),
    });
    metrics?.gauge({
      name: 'redis_memory_ratio',
      help: 'How much of the memory that Redis may take is taken, of the fullest node',
      collect: (gauge) => gauge.set(this.pressure.memory),
    });
  }

  onApplicationBootstrap(): void {
    this.delays.enable();
    this.samples.start();
  }

  async onApplicationShutdown(): Promise<void> {
    this.delays.disable();
    await this.samples.stop();
  }

  /** @throws CarillonError `unavailable` or `too-many-requests`, with when to come again */
  admit(): void {
    if (!this.refusal) return;
    this.refusals?.inc({ reason: this.refusal.reason });
    throw this.refusal.error();
  }

  private async sample(): Promise<number> {
    const delayMs = this.delays.max / NANOSECONDS;
    this.delays.reset();
    this.pressure = await this.store.sample();
    this.settle(refusalOf({ ...this.pressure, delayMs: Math.min(delayMs, this.lastDelay) }, this.limits));
    this.lastDelay = delayMs;
    return SAMPLE_MS;
  }

  private settle(refusal: Refusal | undefined): void {
    const before: RefusalReason | undefined = this.refusal?.reason;
    this.refusal = refusal;
    if (before === refusal?.reason) return;
    if (refusal) this.logger.warn(`sends are refused from now on: ${refusal.reason}`);
    else this.logger.warn('sends are accepted again');
  }
}
