import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildLoadGenerator } from './load-generator.mjs';
import { measureInside } from './measure-inside.mjs';
import { measure } from './measure.mjs';
import { describeMachine, markdown } from './report.mjs';
import { JsonLines } from './results.mjs';
import { SetupError } from '../../scripts/setup/setup-error.mjs';

const SUITES = new URL('./suites/', import.meta.url);

const OPTIONS = {
  repeats: { type: 'string', default: '5' },
  cases: { type: 'string' },
  peers: { type: 'string' },
  out: { type: 'string' },
  report: { type: 'string' },
  help: { type: 'boolean', default: false },
};

const usage = () => `usage: npm run bench -- SUITE [options]

  SUITE            ${suiteNames().join(', ')}
  --repeats N      runs of each figure (5); the report has their medians
  --cases A,B      only cases whose name begins so
  --peers A,B      only these servers
  --out FILE       append the JSON lines of the runs to FILE
  --report FILE    measure nothing: report the runs in FILE

PUSHLOAD_DIR names the directory of the load generator's source (pushload.c and its Makefile); without it,
shared/bench beside the repository is looked at. BENCH_DEVICES is how many devices the suites audience and fan-out register (1,000,000),
BENCH_CONNECTED how many connect in the latter (50,000), BENCH_SCHEDULED how many notifications wait in the suite of schedules (1,000,000).`;

/** One suite, as the command line says; resolves to the exit code. */
export async function runBench(args) {
  const { values, positionals } = parseArgs({ args, options: OPTIONS, allowPositionals: true });
  const [name] = positionals;
  if (values.help || positionals.length !== 1 || !suiteNames().includes(name)) {
    console.error(usage());
    return values.help ? 0 : 2;
  }
  const { suite } = await import(new URL(`${name}.mjs`, SUITES));
  if (values.report) {
    console.log(markdown(suite, readLines(values.report)));
    return 0;
  }
  return withWorkDirectory((directory) => run(suite, values, directory));
}

async function run(suite, values, directory) {
  const chosen = choose(suite, values);
  const results = new JsonLines(values.out);
  const repeats = count(values.repeats);
  if (chosen.start) await measureInside(chosen, { directory, repeats, results });
  else await measure(chosen, { directory, generator: buildLoadGenerator(directory), repeats, results });
  console.log(`\n${describeMachine()}\n\n${markdown(chosen, results.lines)}`);
  return results.lines.every(({ exit }) => exit === 0) ? 0 : 1;
}

function choose(suite, { cases, peers }) {
  const wanted = (list, name) => !list || list.split(',').some((start) => name.startsWith(start));
  const exactly = (list, name) => !list || list.split(',').includes(name);
  return {
    ...suite,
    cases: suite.cases.filter(({ name }) => wanted(cases, name)),
    peers: suite.peers.filter(({ name }) => exactly(peers, name)),
  };
}

function count(text) {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new SetupError(`--repeats ${text}: a number from 1 up`);
  return value;
}

const suiteNames = () => readdirSync(SUITES).map((file) => file.replace(/\.mjs$/, ''));

const readLines = (path) =>
  readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

/** Everything that a run needs and leaves behind is in one directory, which goes with it. */
async function withWorkDirectory(work) {
  const directory = mkdtempSync(join(tmpdir(), 'carillon-bench-'));
  try {
    return await work(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
