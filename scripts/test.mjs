/**
 * `npm test`: sets up what is missing, Redis included, then runs every test. Arguments go to jest: `npm test -- libs/config`. With
 * TEST_RESULTS=path, jest's results are written there as JSON.
 */
import './setup/node-version.mjs';

void Promise.all([import('./setup/prepare.mjs'), import('./setup/jest.mjs')]).then(
  ([{ prepare, runScript }, { runJest }]) =>
    runScript(async () => {
      await prepare();
      process.exitCode = await runJest(process.argv.slice(2));
    }),
);
