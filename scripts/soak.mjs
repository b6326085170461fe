/** `npm run soak`: sets up what is missing, then runs a steady load and watches memory and keys. `-- --help` says what can be asked for. */
import './setup/node-version.mjs';
import { readNumbers } from './setup/numbers.mjs';

const numbers = readNumbers({
  minutes: { default: '20', help: 'how long (20)' },
  rate: { default: '40', help: 'notifications a second (40)' },
});
for (const [name, value] of Object.entries(numbers)) process.env[`SOAK_${name.toUpperCase()}`] = value;

void Promise.all([import('./setup/prepare.mjs'), import('./setup/jest.mjs')]).then(
  ([{ prepare, runScript }, { runJest }]) =>
    runScript(async () => {
      await prepare();
      process.exitCode = await runJest(['--forceExit', '--testMatch', '**/test/soak/soak.run.ts']);
    }),
);
