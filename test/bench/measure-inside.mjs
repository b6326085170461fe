/** Measures a suite that brings its own work instead of a server for the load generator: its cases come one after the other, each repeated. */
export async function measureInside(suite, { directory, repeats, results }) {
  console.error(`${suite.name}: preparing`);
  const bench = await suite.start(directory);
  try {
    for (const each of suite.cases) {
      for (let repeat = 1; repeat <= repeats; repeat++) {
        const figures = await each.run(bench);
        const [{ name: peer }] = suite.peers;
        results.add({
          suite: suite.name,
          case: each.name,
          peer,
          repeat,
          at: new Date().toISOString(),
          exit: 0,
          ...figures,
        });
        console.error(`${each.name}  #${repeat}  ${JSON.stringify(figures)}`);
      }
    }
  } finally {
    await bench.stop();
  }
}
