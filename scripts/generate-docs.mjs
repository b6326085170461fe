/**
 * Writes the documents that come from the code; with --check, writes nothing and fails when one has drifted.
 * Reads the build: run "npm run build" first.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('../', import.meta.url);

/** path of the document -> how its text is made */
const documents = {
  'docs/configuration.md': async () => (await built('config')).configurationDocument(),
  'docs/errors.md': async () => (await built('domain')).errorsDocument(),
};

const check = process.argv.includes('--check');
for (const [path, generate] of Object.entries(documents)) {
  const file = new URL(path, root);
  const text = await generate();
  if (text === current(file)) continue;
  if (check) {
    console.error(`${path} does not match the code: run "npm run docs:generate" and commit the result`);
    process.exitCode = 1;
  } else {
    writeFileSync(file, text);
    console.error(`${path} written`);
  }
}

async function built(library) {
  const index = new URL(`dist/libs/${library}/src/index.js`, root);
  try {
    return await import(index);
  } catch (error) {
    if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
    console.error(`${fileURLToPath(index)} cannot be loaded: run "npm run build" first`);
    process.exit(1);
  }
}

function current(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
