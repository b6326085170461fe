/** `npm run demo`: sets up what is missing, then runs the demonstration. */
import './setup/node-version.mjs';

void import('./setup/prepare.mjs').then(({ prepare, runScript }) =>
  runScript(async () => {
    await prepare();
    const { runDemo } = await import('../test/demo/demo.mjs');
    process.exitCode = (await runDemo()) ? 0 : 1;
  }),
);
