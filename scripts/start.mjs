/** `npm start`: sets up what is missing, then is the gateway itself, so that signals and exit codes are direct. */
import './setup/node-version.mjs';

void import('./setup/prepare.mjs').then(({ prepare, runScript }) =>
  runScript(async () => {
    await prepare();
    await import('../dist/apps/all-in-one/src/main.js');
  }),
);
