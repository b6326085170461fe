/** `npm run bench -- mqtt`: sets up what is missing, then measures. `npm run bench` says what there is to ask for. */
import './setup/node-version.mjs';

void import('./setup/prepare.mjs').then(({ prepare, runScript }) =>
  runScript(async () => {
    await prepare();
    const { runBench } = await import('../test/bench/bench.mjs');
    process.exitCode = await runBench(process.argv.slice(2));
  }),
);
