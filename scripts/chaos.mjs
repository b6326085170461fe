/** `npm run chaos`: sets up what is missing, then runs the long form of the chaos test. `-- --help` says what can be asked for. */
import './setup/node-version.mjs';
import { readNumbers } from './setup/numbers.mjs';

const numbers = readNumbers({
  seed: { help: 'repeat the run with this seed; without it a new one is drawn and printed' },
  seeds: { help: 'so many runs with as many seeds, from that one on; a line for each' },
  kills: { default: '52', help: 'processes that are killed (52)' },
  notifications: { default: '20000', help: 'notifications that are sent meanwhile (20000)' },
  outage: {
    help: 'instead of that run: Redis is away, stands still and fails over for so many seconds each',
  },
  devices: { default: '100', help: 'simulated devices for each of MQTT, XMPP and long-poll (100)' },
});
for (const [name, value] of Object.entries(numbers)) process.env[`CHAOS_${name.toUpperCase()}`] = value;

void Promise.all([import('./setup/prepare.mjs'), import('./setup/jest.mjs')]).then(
  ([{ prepare, runScript }, { runJest }]) =>
    runScript(async () => {
      await prepare();
      process.exitCode = await runJest([
        '--forceExit',
        numbers.outage ? 'test/chaos/redis-trouble.spec.ts' : 'test/chaos/chaos.spec.ts',
      ]);
    }),
);
