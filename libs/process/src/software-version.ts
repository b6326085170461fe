import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The version that package.json says, which stands above the sources and above what is built of them. */
export function softwareVersion(): string {
  let directory = import.meta.dirname;
  while (!existsSync(join(directory, 'package.json'))) directory = dirname(directory);
  const { version } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as {
    version: string;
  };
  return version;
}
