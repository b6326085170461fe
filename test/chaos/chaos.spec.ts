import { runSeed } from '../support/random.js';
import { summary } from './ledger/checker.js';
import { runChaos } from './run-chaos.js';

/** `npm run chaos` sets these for the long form; without them it is the short one of every test run. */
const setting = (name: string, otherwise: number): number => Number(process.env[name] ?? otherwise);
const firstSeed = runSeed();
const kills = setting('CHAOS_KILLS', 10);
const notifications = setting('CHAOS_NOTIFICATIONS', 600);
const devicesPerTransport = setting('CHAOS_DEVICES', 10);
const isLong = process.env.CHAOS_KILLS !== undefined;
const runs = setting('CHAOS_SEEDS', 1);
/** One after the other from the first one on. */
const seeds = Array.from({ length: runs }, (_, i) => firstSeed + i);

/** At once, and not when jest finds that all is over. */
const log = (line: string): void =>
  void process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`);

it.each(seeds)(
  'nothing that was accepted is lost, repeated after its end or out of order, whoever is killed meanwhile (seed %i)',
  async (seed) => {
    if (runs === 1)
      log(
        `chaos: seed ${seed}, ${kills} kills, ${notifications} notifications, ${devicesPerTransport} devices a transport`,
      );
    const run = runChaos({
      seed,
      kills,
      notifications,
      devicesPerTransport,
      processes: { api: 2, worker: 2, edge: 2 },
      partitions: 8,
      stay: isLong ? [3_000, 40_000] : [1_000, 10_000],
      patienceMs: 60_000,
      log: isLong && runs === 1 ? log : () => undefined,
    });
    // The others of many go on; jest says what was wrong when all are over.
    run.catch((error: unknown) => log(`seed ${seed}: RED: ${String(error)}`));
    const { violations, figures } = await run;
    const told = Object.entries(figures)
      .map(([name, value]) => `${value} ${name}`)
      .join(', ');
    log(`seed ${seed}: ${violations.length === 0 ? 'green' : 'RED'}: ${told}`);
    if (violations.length > 0) log(summary(violations));
    expect(violations).toEqual([]);
  },
  isLong ? 60 * 60_000 : 420_000,
);
