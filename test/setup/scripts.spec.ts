import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const node = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  return { status, stdout, stderr };
};

describe('the scripts on a Node that is too old', () => {
  const pretend =
    'data:text/javascript,Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.18.3" } })';

  it.each(['start', 'test', 'demo', 'bench', 'chaos', 'soak'])('%s ends in one line', (script) => {
    expect(node('--import', pretend, `scripts/${script}.mjs`)).toEqual({
      status: 1,
      stdout: '',
      stderr: 'Node 20.18.3 is too old: install Node 20.19 or newer (https://nodejs.org)\n',
    });
  });
});

describe('test-counts', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'carillon-counts-'));
  });

  afterEach(() => rmSync(directory, { recursive: true }));

  const counts = (results: string) => {
    const file = join(directory, 'results.json');
    writeFileSync(file, results);
    return node('scripts/test-counts.mjs', file).stdout;
  };

  it('counts a suite that could not be loaded as one failed', () => {
    const results = { numPassedTests: 7, numFailedTests: 2, numRuntimeErrorTestSuites: 1 };
    expect(counts(JSON.stringify(results))).toBe('7 passed, 3 failed\n');
  });

  it('counts nothing when jest did not come to its end', () => {
    expect(counts('')).toBe('0 passed, 0 failed\n');
  });
});
