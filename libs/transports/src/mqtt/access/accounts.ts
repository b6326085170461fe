import { createHash } from 'node:crypto';
import type { MqttUser, MqttUserDirectory, TopicRule } from '@carillon/domain';
import { type Account, FileAccount, StoredAccount } from './account.js';
import type { Users } from './users-file.js';

/**
 * The MQTT users: those of the users file, and those that were made by REST, of which all are kept here (there are 1,000 at most). A
 * name that stands in the file is the file's alone.
 */
export class MqttAccounts {
  private file: Users = new Map();
  private readonly stored = new Map<string, MqttUser>();

  constructor(private readonly directory: MqttUserDirectory) {}

  setFile(users: Users | undefined): void {
    this.file = users ?? new Map();
  }

  /** As far as this edge has heard. */
  known(name: string): Account | undefined {
    const hash = this.file.get(name);
    if (hash) return new FileAccount(name, hash);
    const user = this.stored.get(name);
    return user && new StoredAccount(user);
  }

  /** As it is now, whatever this edge has heard. */
  async fresh(name: string): Promise<Account | undefined> {
    await this.load(name);
    return this.known(name);
  }

  /** Some account, for each name the same one: what it costs to refuse it hides that there is none of that name. */
  decoyFor(name: string): Account | undefined {
    const names = [...this.file.keys(), ...this.stored.keys()];
    const pick = createHash('sha256').update(name).digest().readUInt32BE();
    return names.length > 0 ? this.known(names[pick % names.length]!) : undefined;
  }

  /** Beside what the access list says. */
  rulesOf(name: string): readonly TopicRule[] {
    return this.file.has(name) ? [] : (this.stored.get(name)?.rules ?? []);
  }

  async load(name: string): Promise<void> {
    const user = await this.directory.find(name);
    if (user) this.stored.set(name, user);
    else this.stored.delete(name);
  }

  /** Whatever this edge has not heard of. True: something had changed. */
  async reload(): Promise<boolean> {
    const revisions = await this.directory.revisions();
    const names = new Set([...revisions.keys(), ...this.stored.keys()]);
    const changed = [...names].filter((name) => revisions.get(name) !== this.stored.get(name)?.revision);
    await Promise.all(changed.map((name) => this.load(name)));
    return changed.length > 0;
  }
}
