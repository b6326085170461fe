import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { quietly } from './command.mjs';
import { root } from './root.mjs';

const STAMP = join(root, 'dist', '.stamp');
const SETTINGS = ['tsconfig.json', 'tsconfig.build.json', 'nest-cli.json', 'package-lock.json'];

/** Builds unless `dist` was made from these very sources. */
export async function ensureBuilt() {
  const sources = await digestOfSources();
  if (sources === (await readFile(STAMP, 'utf8').catch(() => undefined))) return;
  console.error('building …');
  // It empties dist first, so that the stamp of a build that fails half-way is gone.
  await quietly('the build', process.execPath, ['node_modules/@nestjs/cli/bin/nest.js', 'build']);
  await writeFile(STAMP, sources);
}

async function digestOfSources() {
  const hash = createHash('sha256');
  for (const path of [...SETTINGS, ...(await sourceFiles())]) {
    hash.update(`${path}\0`).update(await readFile(join(root, path)));
  }
  return hash.digest('hex');
}

async function sourceFiles() {
  const found = await Promise.all(['apps', 'libs'].map(filesBelow));
  return found
    .flat()
    .filter((path) => /[\\/]src[\\/]/.test(path) && !path.endsWith('.spec.ts'))
    .sort();
}

async function filesBelow(directory) {
  const entries = await readdir(join(root, directory), { recursive: true, withFileTypes: true }).catch(
    noneIfAbsent,
  );
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(root.length + 1));
}

function noneIfAbsent(error) {
  if (error.code === 'ENOENT') return [];
  throw error;
}
