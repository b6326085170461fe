import { createHash, createHmac, pbkdf2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import type { MqttUser, ScramKeys } from '@carillon/domain';
import { type PasswordHash, sameHash, verifyPassword } from './password-hash.js';

const derive = promisify(pbkdf2);

/** Somebody beside the devices who may log in. */
export interface Account {
  readonly name: string;
  /** For SCRAM-SHA-256, if what is kept of the password can serve it. */
  readonly keys: ScramKeys | undefined;
  /** Takes a processor for some milliseconds. */
  verify(password: Buffer): Promise<boolean>;
  /** Whether it has the same name and password. */
  equals(other: Account): boolean;
}

/** A line of the users file. */
export class FileAccount implements Account {
  /** Its hashes are of another form. */
  readonly keys = undefined;

  constructor(
    readonly name: string,
    private readonly hash: PasswordHash,
  ) {}

  verify(password: Buffer): Promise<boolean> {
    return verifyPassword(this.hash, password);
  }

  equals(other: Account): boolean {
    return other instanceof FileAccount && other.name === this.name && sameHash(other.hash, this.hash);
  }
}

/** A user that was made by REST. */
export class StoredAccount implements Account {
  readonly name: string;
  readonly keys: ScramKeys;

  constructor(user: MqttUser) {
    this.name = user.name;
    this.keys = user.keys;
  }

  /** By the stored key (RFC 5802 §3): one hash of a password is less to guess at than two. */
  async verify(password: Buffer): Promise<boolean> {
    const { salt, iterations, storedKey } = this.keys;
    const stored = Buffer.from(storedKey, 'base64');
    const salted = await derive(password, Buffer.from(salt, 'base64'), iterations, stored.length, 'sha256');
    const clientKey = createHmac('sha256', salted).update('Client Key').digest();
    return timingSafeEqual(createHash('sha256').update(clientKey).digest(), stored);
  }

  equals(other: Account): boolean {
    if (!(other instanceof StoredAccount) || other.name !== this.name) return false;
    return other.keys.salt === this.keys.salt && other.keys.storedKey === this.keys.storedKey;
  }
}
