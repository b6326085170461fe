import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { SetupError } from '../../../scripts/setup/setup-error.mjs';

/** Where Debian has it, whatever PATH says. @throws SetupError */
export function findExecutable(name, debianPackage = name) {
  const directories = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  const found = directories.map((directory) => join(directory, name)).find(executable);
  if (!found) throw new SetupError(`${name} is not installed (Debian: apt-get install ${debianPackage})`);
  return found;
}

function executable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
