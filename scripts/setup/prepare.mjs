import { ensureBuilt } from './build.mjs';
import { ensureInstalled } from './install.mjs';
import { SetupError } from './setup-error.mjs';

/** Installs and builds what is missing or out of date; a second time it does nothing. */
export async function prepare() {
  await ensureInstalled();
  await ensureBuilt();
}

/** Runs a script's work; a failure that has an explanation ends in that alone, with exit code 1. */
export async function runScript(work) {
  try {
    await work();
  } catch (error) {
    console.error(error instanceof SetupError ? error.message : error);
    process.exit(1);
  }
}
