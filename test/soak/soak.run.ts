import { runSeed } from '../support/random.js';
import { summary } from '../chaos/ledger/checker.js';
import { runSoak, type SoakOutcome } from './run-soak.js';

/** `npm run soak` sets these. */
const setting = (name: string, otherwise: number): number => Number(process.env[name] ?? otherwise);
const minutes = setting('SOAK_MINUTES', 20);
const rate = setting('SOAK_RATE', 40);
const seed = runSeed();

const log = (line: string): void =>
  void process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`);

it(
  'a steady load leaves memory and keys as they were',
  async () => {
    log(`soak: seed ${seed}, ${minutes} minutes, ${rate} notifications a second`);
    const outcome = await runSoak({
      seed,
      minutes,
      rate,
      warmUp: minutes / 4,
      devicesPerTransport: 20,
      stay: [20_000, 120_000],
      processes: { api: 1, worker: 1, edge: 2 },
      partitions: 8,
      patienceMs: 60_000,
      log: () => undefined,
    });
    report(outcome);
    expect(outcome.violations).toEqual([]);
    expect(outcome.growing).toEqual([]);
  },
  (minutes + 15) * 60_000,
);

function report({ trends, figures, growing, violations }: SoakOutcome): void {
  log(
    Object.entries(figures)
      .map(([name, value]) => `${value} ${name}`)
      .join(', '),
  );
  for (const [name, { median, growth, noise }] of trends)
    log(`${name}: median ${median.toFixed(1)}, grew by ${growth.toFixed(1)}, noise ${noise.toFixed(1)}`);
  log(growing.length === 0 ? 'nothing grows' : `GROWING: ${growing.join('; ')}`);
  if (violations.length > 0) log(summary(violations));
}
