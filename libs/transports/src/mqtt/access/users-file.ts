import { type LineFault, numberedLines } from './numbered-lines.js';
import { parsePasswordHash, type PasswordHash } from './password-hash.js';

export type Users = ReadonlyMap<string, PasswordHash>;

/** Reads lines `name:hash` as mosquitto_passwd writes them. No fault quotes what may be a password. */
export function parseUsers(file: string): { users: Users; faults: readonly LineFault[] } {
  const users = new Map<string, PasswordHash>();
  const faults: LineFault[] = [];
  for (const { line, text } of numberedLines(file)) {
    const colon = text.indexOf(':');
    const name = text.slice(0, colon);
    const hash = parsePasswordHash(text.slice(colon + 1).trimEnd());
    if (colon < 1) faults.push({ line, what: 'must read name:hash' });
    else if (users.has(name)) faults.push({ line, what: `${JSON.stringify(name)} stands there twice` });
    else if (!hash) faults.push({ line, what: 'its hash is neither $7$ nor $6$ of mosquitto_passwd' });
    else users.set(name, hash);
  }
  return { users, faults };
}
