import { pbkdf2, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** Who connects where a case is `authenticated`. */
export const USERNAME = 'bench';
export const PASSWORD = 'a password of the usual length';

export const CREDENTIALS = ['--username', USERNAME, '--password', PASSWORD];

const ITERATIONS = 101; // as mosquitto_passwd has it
const HASH_BYTES = 64;
const derive = promisify(pbkdf2);

/** Writes a password file in the form of mosquitto_passwd; answers its path. */
export function writePasswordFile(directory) {
  const path = join(directory, 'passwords');
  const salt = randomBytes(12);
  const hash = pbkdf2Sync(PASSWORD, salt, ITERATIONS, HASH_BYTES, 'sha512');
  writeFileSync(path, `${USERNAME}:$7$${ITERATIONS}$${salt.toString('base64')}$${hash.toString('base64')}\n`);
  return path;
}

/** The same check for servers that leave it to a function: resolves to whether the password is right. */
export function passwordCheck(fileText) {
  const [username, form] = fileText.trim().split(':');
  const [, , iterations, salt, hash] = form.split('$');
  const expected = Buffer.from(hash, 'base64');
  const saltBytes = Buffer.from(salt, 'base64');
  return async (name, password) => {
    if (name !== username || password === undefined) return false;
    const own = await derive(password, saltBytes, Number(iterations), HASH_BYTES, 'sha512');
    return timingSafeEqual(own, expected);
  };
}
