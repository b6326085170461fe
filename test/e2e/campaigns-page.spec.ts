import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { type GatewayProcess, Installation } from '../support/gateway.js';
import { Rest } from '../support/rest.js';
import { until } from '../support/until.js';

/** The lines of docs/campaigns.md, typed in their order into an empty installation. */
const installation = new Installation();
let gateway: GatewayProcess;
beforeAll(async () => {
  gateway = await installation.start('all-in-one');
});
afterAll(() => installation.end());

const page = readFileSync('docs/campaigns.md', 'utf8');
const blocks = [...page.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, lines]) => lines!);
const END = '=== end of a block ===';

/** What each block has written. */
async function type(): Promise<string[]> {
  const here = blocks
    .join(`echo "${END}"\n`)
    .replace('$(cat .data/admin-key)', installation.adminKey)
    .replace('http://127.0.0.1:8080', gateway.url('HTTP'));
  const { stdout } = await promisify(execFile)('bash', ['-e', '-c', here], { timeout: 150_000 });
  return stdout.split(`${END}\n`);
}

it('does what it says', async () => {
  const written = await type();
  const answers = written.map((text) =>
    text
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, unknown>),
  );
  const find = (start: string): Record<string, unknown>[] =>
    answers[blocks.findIndex((lines) => lines.includes(start))]!;
  expect(find('/preview\n')[0]).toMatchObject({
    audience: { devices: 19 },
    variants: [{ variant: 'plain' }, { variant: 'green' }],
    holdOut: 5,
    rest: 75,
    times: { length: 10 },
  });
  const { detail, faults } = JSON.parse(/^```json\n(.*?)^```$/ms.exec(page)![1]!) as Record<string, unknown>;
  expect(find('Atlantis')[0]).toMatchObject({ detail, faults });
  expect(find('/start\n').at(-1)).toMatchObject({ state: 'scheduled' });
  const [report, changes] = find('/report\n');
  expect(report).toMatchObject({ chosen: 'green', variants: [{ variant: 'plain' }, { variant: 'green' }] });
  expect(written[blocks.findIndex((lines) => lines.includes('format=csv'))]).toMatch(/^run,state,/m);
  expect(JSON.stringify(changes)).toMatch(/"action":"winner"/);
  expect(find('geofences/shop-7').at(-2)).toHaveProperty('triggered');
  const rest = new Rest(gateway.url('HTTP'), installation.adminKey);
  const done = await until(
    'it is done',
    async () => (await rest.get(`/v1/campaigns/${String(report!.id)}/report`)).body,
    ({ state }) => state === 'done',
  );
  expect(done.total.counts.queued).toBeGreaterThan(10);
}, 180_000);
