import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { LabelValues, Metric } from 'prom-client';

export type { Counter, Gauge, Histogram } from 'prom-client';

export interface MetricOptions<L extends string> {
  /** Without the prefix, in snake case with its unit: `delivery_seconds`, `notifications_total`. */
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly L[];
}

export interface GaugeOptions<L extends string> extends MetricOptions<L> {
  /** Sets the gauge whenever the metrics are read, in place of whoever would keep it up to date. */
  readonly collect?: (gauge: Gauge<L>) => void | Promise<void>;
}

export interface CountedOptions<L extends string> extends MetricOptions<L> {
  /** What somebody else has counted since the process began, by labels; asked whenever the metrics are read. */
  readonly read: () => Iterable<readonly [labels: Readonly<Partial<Record<L, string>>>, count: number]>;
}

export interface HistogramOptions<L extends string> extends MetricOptions<L> {
  /** Upper bounds, ascending. */
  readonly buckets?: readonly number[];
}

const PREFIX = 'carillon_';

/**
 * The metrics of one process. Several apps may live in it: who asks for a metric that exists already shares it, provided that its kind and
 * labels are the same.
 */
export class Metrics {
  readonly #registry = new Registry();
  #collectsProcess = false;

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Adds the metrics of the process itself: CPU, memory, event loop lag, garbage collection. Once is enough, more do no harm. */
  collectProcess(): void {
    if (this.#collectsProcess) return;
    this.#collectsProcess = true;
    collectDefaultMetrics({ register: this.#registry });
  }

  counter<L extends string = never>(options: MetricOptions<L>): Counter<L> {
    return this.#shared(Counter<L>, options, (settings) => new Counter<L>(settings));
  }

  /** A counter that is kept elsewhere. */
  counted<L extends string = never>({ read, ...options }: CountedOptions<L>): void {
    this.#shared(
      Counter<L>,
      options,
      (settings) =>
        new Counter<L>({
          ...settings,
          collect() {
            this.reset();
            for (const [labels, count] of read()) this.inc(labels as LabelValues<L>, count);
          },
        }),
    );
  }

  gauge<L extends string = never>({ collect, ...options }: GaugeOptions<L>): Gauge<L> {
    return this.#shared(
      Gauge<L>,
      options,
      (settings) => new Gauge<L>({ ...settings, ...collecting(collect) }),
    );
  }

  histogram<L extends string = never>({ buckets, ...options }: HistogramOptions<L>): Histogram<L> {
    const bounds = buckets ? { buckets: [...buckets] } : {};
    return this.#shared(Histogram<L>, options, (settings) => new Histogram<L>({ ...settings, ...bounds }));
  }

  /** The exposition text. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  #shared<L extends string, M extends Metric<L>>(
    kind: new (...args: never[]) => M,
    options: MetricOptions<L>,
    make: Make<L, M>,
  ): M {
    const { name, help, labels = [] } = options;
    const fullName = `${PREFIX}${name}`;
    const existing = this.#registry.getSingleMetric(fullName);
    if (existing === undefined)
      return make({ name: fullName, help, labelNames: [...labels], registers: [this.#registry] });
    if (existing instanceof kind && labelsOf(existing) === [...labels].join()) return existing;
    throw new Error(
      `the metric ${fullName} exists already with another kind or other labels (${labelsOf(existing)})`,
    );
  }
}

interface Settings<L extends string> {
  name: string;
  help: string;
  labelNames: L[];
  registers: Registry[];
}

type Make<L extends string, M> = (settings: Settings<L>) => M;

/** prom-client calls it with the gauge as `this`. */
function collecting<L extends string>(collect: GaugeOptions<L>['collect']): object {
  if (collect === undefined) return {};
  return {
    collect(this: Gauge<L>) {
      return collect(this);
    },
  };
}

/** The names are on every metric of prom-client, but not in its types. */
function labelsOf(metric: object): string {
  return (metric as { labelNames: string[] }).labelNames.join();
}
