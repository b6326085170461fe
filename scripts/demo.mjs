/** `npm run demo`: sets up what is missing, then runs the demonstration. */
import './setup/node-version.mjs';

void import('./setup/prepare.mjs').then(({ prepare, runScript }) =>
  runScript(async () => {
    await prepare();
    await import('../test/demo/demo.mjs');
  }),
);
