/** Prints `N passed, N failed` from jest's JSON results. A suite that could not be loaded has no tests to count: it counts as one failed. */
import { readFileSync } from 'node:fs';

let results = {};
try {
  results = JSON.parse(readFileSync(process.argv[2], 'utf8'));
} catch {
  // Jest did not come to its end: nothing is known to have passed.
}
const { numPassedTests = 0, numFailedTests = 0, numRuntimeErrorTestSuites = 0 } = results;
console.log(`${numPassedTests} passed, ${numFailedTests + numRuntimeErrorTestSuites} failed`);
