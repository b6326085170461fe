/** `npm run chaos`: sets up what is missing, then runs the long form of the chaos test. `-- --help` says what can be asked for. */
import './setup/node-version.mjs';
import { parseArgs } from 'node:util';

const OPTIONS = {
  seed: { type: 'string' },
  kills: { type: 'string', default: '52' },
  notifications: { type: 'string', default: '20000' },
  devices: { type: 'string', default: '100' },
  help: { type: 'boolean', default: false },
};
const USAGE = `usage: npm run chaos -- [options]

  --seed N            repeat the run with this seed; without it a new one is drawn and printed
  --kills N           processes that are killed (52)
  --notifications N   notifications that are sent meanwhile (20000)
  --devices N         simulated devices for each of MQTT, XMPP and long-poll (100)`;

const { values } = parseArgs({ options: OPTIONS });
const { help, ...numbers } = values;
const given = Object.entries(numbers).map(([name, value]) => [name, String(value)]);
const wrong = given.find(([, text]) => !/^[1-9]\d{0,9}$/.test(text));
if (help || wrong) {
  console.error(wrong ? `--${wrong[0]} ${wrong[1]}: a number from 1 up\n\n${USAGE}` : USAGE);
  process.exit(help ? 0 : 2);
}
for (const [name, text] of given) process.env[`CHAOS_${name.toUpperCase()}`] = text;

void Promise.all([import('./setup/prepare.mjs'), import('./setup/jest.mjs')]).then(
  ([{ prepare, runScript }, { runJest }]) =>
    runScript(async () => {
      await prepare();
      process.exitCode = await runJest(['--forceExit', 'test/chaos/chaos.spec.ts']);
    }),
);
