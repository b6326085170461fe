import { resolve } from 'node:path';
import { runSeed } from '../support/random.js';
import { runChaos } from './run-chaos.js';

/** The checker has to notice: a run with a worker that acknowledges before the work is done. */
const worker = [process.execPath, resolve('test/chaos/planted/acknowledges-early.mjs')];

it('finds what a worker loses that acknowledges its work before it is done', async () => {
  const seed = runSeed();
  const { violations } = await runChaos({
    seed,
    kills: 3,
    victims: ['worker 1', 'worker 2'],
    drains: 0,
    redisTroubles: 0,
    notifications: 300,
    devicesPerTransport: 2,
    stay: [5_000, 20_000],
    processes: { api: 1, worker: 2, edge: 1 },
    commands: { worker },
    partitions: 2,
    patienceMs: 6_000,
    log: () => undefined,
  });
  const rules = violations.map(({ rule }) => rule);
  console.info(`CHAOS_SEED=${seed}: ${rules.filter((rule) => rule === 'lost').length} lost deliveries found`);
  expect(rules).toContain('lost');
}, 300_000);
