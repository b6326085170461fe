import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { quietly } from './command.mjs';
import { root } from './root.mjs';

/** Installs the dependencies unless node_modules holds what package-lock.json asks for. */
export async function ensureInstalled() {
  if (await isInstalled()) return;
  console.error('installing dependencies (npm ci) …');
  await quietly('npm ci', 'npm', ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error']);
}

/** npm leaves in node_modules, at the end of an installation, the lock of what it has installed. */
async function isInstalled() {
  const [wanted, installed] = await Promise.all(
    ['package-lock.json', 'node_modules/.package-lock.json'].map(packagesOf),
  );
  return Object.entries(wanted).every(([path, entry]) => path === '' || isPresent(entry, installed[path]));
}

/** Optional packages are often for other platforms. */
function isPresent(wanted, installed) {
  if (installed === undefined) return Boolean(wanted.optional || wanted.devOptional);
  return installed.version === wanted.version && installed.integrity === wanted.integrity;
}

async function packagesOf(lock) {
  try {
    return JSON.parse(await readFile(join(root, lock), 'utf8')).packages;
  } catch {
    return {};
  }
}
