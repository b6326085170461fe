import { join } from 'node:path';
import { campaignLateness } from '../schedules/campaigns.mjs';
import { SchedulingSystem } from '../schedules/scheduling-system.mjs';

const FEW = 1_000;
const many = () => Number(process.env.BENCH_SCHEDULED ?? 1_000_000);

/** Two systems that differ in how much waits in them. */
async function start(directory) {
  const few = await SchedulingSystem.start(join(directory, 'few'), FEW);
  const full = await SchedulingSystem.start(join(directory, 'many'), many());
  const stop = async () => {
    for (const system of [few, full]) await system.stop();
  };
  return { few, full, stop };
}

/** Each takes its turn, twice. */
async function accept({ few, full }) {
  const [costs, fullCosts] = [[], []];
  for (let turn = 0; turn < 2; turn++) {
    costs.push(await few.acceptMany(2_000, 8));
    fullCosts.push(await full.acceptMany(2_000, 8));
  }
  const mean = (values) => values.reduce((sum, each) => sum + each, 0) / values.length;
  return { few_us: mean(costs), full_us: mean(fullCosts), ratio: mean(fullCosts) / mean(costs) };
}

async function lateness({ full }) {
  return sharesOf(await full.lateness(500, { apart: 20, from: 20_000 }));
}

async function campaigns({ few }) {
  return sharesOf(await campaignLateness(few, 1_000, 40_000));
}

function sharesOf(sorted) {
  const at = (share) => sorted[Math.floor(sorted.length * share)];
  return { p50: at(0.5), p99: at(0.99), max: sorted.at(-1) };
}

export const suite = {
  name: 'schedules',
  title: 'Schedules',
  ours: ['gateway'],
  peers: [{ name: 'gateway' }],
  start,
  cases: [
    {
      name: 'lateness',
      title: 'due ones, 50 a second, while 1,000,000 wait: from their time to the device',
      run: lateness,
      metrics: [
        { title: 'p50, ms', of: ({ p50 }) => p50, less: true, targets: [] },
        { title: 'p99, ms', of: ({ p99 }) => p99, less: true, targets: [{ must: 200 }] },
      ],
    },
    {
      name: 'campaigns',
      title: '1,000 campaigns that are due at the same instant: from then to the beginning of each',
      run: campaigns,
      metrics: [
        { title: 'p50, ms', of: ({ p50 }) => p50, less: true, targets: [] },
        { title: 'p99, ms', of: ({ p99 }) => p99, less: true, targets: [] },
      ],
    },
    {
      name: 'accept',
      title: 'accepting one more',
      run: accept,
      metrics: [
        { title: 'CPU µs each while 1,000 wait', of: (figures) => figures.few_us, less: true, targets: [] },
        {
          title: 'CPU µs each while 1,000,000 wait',
          of: (figures) => figures.full_us,
          less: true,
          targets: [],
        },
        // No more, within what one run differs from the next.
        { title: '% of the former', of: ({ ratio }) => ratio * 100, less: true, targets: [{ must: 110 }] },
      ],
    },
  ],
};
