import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const program = `
  const [{ runBench }, { runScript }] = await Promise.all([import('./test/bench/bench.mjs'), import('./scripts/setup/prepare.mjs')]);
  await runScript(async () => { process.exitCode = await runBench(process.argv.slice(1)); });
`;

describe('npm run bench', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'carillon-bench-spec-'));
  });

  afterEach(() => rmSync(directory, { recursive: true }));

  const bench = (...args: string[]) => {
    const env = { ...process.env, PUSHLOAD_DIR: directory, NODE_OPTIONS: '' };
    return spawnSync(process.execPath, ['--input-type=module', '-e', program, ...args], {
      encoding: 'utf8',
      env,
    });
  };

  const report = (runs: Record<string, number[]>) => {
    const file = join(directory, 'runs.jsonl');
    const lines = Object.entries(runs).flatMap(([peer, values]) =>
      values.map((value) => ({ case: 'fan-out-qos0', peer, exit: 0, deliveries_per_cpu_s: value })),
    );
    writeFileSync(file, lines.map((line) => JSON.stringify(line)).join('\n'));
    return bench('mqtt', '--report', file).stdout;
  };

  it('says how it is called', () => {
    const { status, stderr } = bench('no-such-suite');
    expect(status).toBe(2);
    expect(stderr).toContain('usage: npm run bench -- SUITE');
  });

  it('says so where the load generator is not there', () => {
    const { status, stderr } = bench('mqtt');
    expect(status).toBe(1);
    expect(stderr).toContain(`The load generator is not there: no pushload.c in ${directory}.`);
  });

  it('reports medians with the least and the most', () => {
    expect(report({ engine: [300_000, 100_000, 250_000] })).toContain('| 250,000 [100,000–300,000] |');
  });

  it('sets our medians against what they are to be', () => {
    const table = report({
      mosquitto: [100_000],
      'mosquitto-dup': [200_000],
      engine: [240_000],
      gateway: [140_000],
    });
    expect(table).toContain(
      '| mosquitto | ≥ 1.5 × | ≥ 4 × | 2.40 × (below the aim) | 1.40 × (falls short) |',
    );
    expect(table).toContain('| mosquitto-dup | ≥ 1 × |  | 1.20 × | 0.70 × (falls short) |');
  });

  it('sets a figure against that of another case where the target says so', () => {
    const file = join(directory, 'xmpp.jsonl');
    const lines = [
      { case: 'one-to-one', peer: 'ejabberd', exit: 0, deliveries_per_cpu_s: 20_000 },
      { case: 'push', peer: 'engine', exit: 0, deliveries_per_cpu_s: 60_000 },
    ];
    writeFileSync(file, lines.map((line) => JSON.stringify(line)).join('\n'));
    const { stdout } = bench('xmpp', '--report', file);
    expect(stdout).toContain('| ejabberd, one-to-one | ≥ 2 × | ≥ 4 × | 3.00 × (below the aim) | – |');
  });

  it('reports what a shrunken run measured', () => {
    const file = join(directory, 'fan-out.jsonl');
    const line = { case: 'cost', peer: 'gateway', exit: 0, us: { 1000: 13, 10000: 11 }, spread_percent: 8.3 };
    writeFileSync(file, JSON.stringify(line));
    const { stdout } = bench('fan-out', '--report', file);
    expect(stdout).toMatch(/CPU µs a delivery, 10,000 a call \| 11 \|/);
    expect(stdout).toMatch(/CPU µs a delivery, 1,000,000 a call \| – \|/);
    expect(stdout).toMatch(/± % \| itself \| ≤ 20 \|  \| 8 \|/);
  });
});
