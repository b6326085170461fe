import { FanOutBench } from '../fan-out/fan-out-bench.mjs';

const registered = () => Number(process.env.BENCH_DEVICES ?? 1_000_000);
const connected = () => Number(process.env.BENCH_CONNECTED ?? 50_000);

const costOf = (size, title) => ({
  title: `CPU µs a delivery, ${title} a call`,
  of: ({ us }) => us[size],
  less: true,
  targets: [],
});
/** What costs differ by at the most, from the middle of the least and the most. */
const spread = {
  title: '± %',
  of: (figures) => figures.spread_percent,
  less: true,
  targets: [{ must: 20 }],
};

/** Three edges, a worker, an API and Redis, each a process of its own. */
export const suite = {
  name: 'fan-out',
  title: 'Fan-out',
  ours: ['gateway'],
  peers: [{ name: 'gateway' }],
  start: (directory) => FanOutBench.start(directory, { registered: registered(), connected: connected() }),
  cases: [
    {
      name: 'connected',
      title: 'one call to a group of 50,000 connected devices, three edges, MQTT QoS 1',
      run: (bench) => bench.deliveries(),
      metrics: [
        {
          title: 'deliveries acknowledged a second',
          of: (figures) => figures.deliveries_per_s,
          targets: [{ must: 25_000, aim: 50_000 }],
        },
        {
          title: 'deliveries per CPU second, whole system',
          of: (figures) => figures.deliveries_per_cpu_s,
          targets: [],
        },
        costOf(1_000, '1,000'),
        costOf(10_000, '10,000'),
        costOf(50_000, '50,000'),
        spread,
      ],
    },
    {
      name: 'registered',
      title: 'one call to 1,000,000 registered devices, none connected',
      run: (bench) => bench.deposits(),
      metrics: [
        {
          title: 'deposits a second',
          of: (figures) => figures.deposits_per_s,
          targets: [{ must: 100_000 }],
        },
        {
          title: 'deposits per CPU second, worker and Redis',
          of: (figures) => figures.deposits_per_cpu_s,
          targets: [],
        },
        {
          title: "the worker's memory at the most, MiB",
          of: (figures) => figures.worker_max_mib,
          less: true,
          targets: [],
        },
        {
          title: 'its growth over the second half, %',
          of: (figures) => figures.worker_growth_percent,
          less: true,
          targets: [{ must: 10 }],
        },
      ],
    },
    {
      name: 'cost',
      title: '1,000,000 deliveries to registered devices, none connected, worker and Redis',
      run: (bench) => bench.costs(),
      metrics: [
        costOf(1_000, '1,000'),
        costOf(10_000, '10,000'),
        costOf(100_000, '100,000'),
        costOf(1_000_000, '1,000,000'),
        spread,
      ],
    },
  ],
};
