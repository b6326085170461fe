import { deriveScramKeys } from '@carillon/auth';
import { type MqttUser, MqttUserDirectory, type TopicRule } from '@carillon/domain';
import { MqttAccounts } from './accounts.js';
import { PasswordChecks } from './password-checks.js';
import { parseUsers } from './users-file.js';

class InMemoryUsers extends MqttUserDirectory {
  readonly users = new Map<string, MqttUser>();
  asked = 0;
  private written = 0;

  async write(name: string, password: string, rules: readonly TopicRule[] = []): Promise<void> {
    const keys = await deriveScramKeys('sha256', password, undefined, 4096);
    this.users.set(name, {
      name,
      revision: `${++this.written}`,
      keys,
      rules,
      createdAt: 0,
      changedAt: this.written,
    });
  }

  find(name: string): Promise<MqttUser | undefined> {
    this.asked++;
    return Promise.resolve(this.users.get(name));
  }

  revisions(): Promise<ReadonlyMap<string, string>> {
    return Promise.resolve(new Map([...this.users.values()].map(({ name, revision }) => [name, revision])));
  }
}

const text = (password: string): Buffer => Buffer.from(password);
// By mosquitto_passwd 2.0.11; the password is secret1.
const BACKEND =
  'backend:$7$101$PYV5KM8BnO9DtvHC$nQuAAraGldpYNwzUSiVYzb1WA0blz5ZAiNkkmOjIAoOFQaOXT3QTVWbdZqRqYuEeEAdCyvn/twgTxf1GfHbAGA==';

let directory: InMemoryUsers;
let accounts: MqttAccounts;
beforeEach(() => {
  directory = new InMemoryUsers();
  accounts = new MqttAccounts(directory);
});

it('checks a password against the SCRAM keys that are kept of it', async () => {
  await directory.write('orders', 'right');
  const account = (await accounts.fresh('orders'))!;
  expect(await account.verify(text('right'))).toBe(true);
  for (const wrong of ['wrong', '', 'right ']) expect(await account.verify(text(wrong))).toBe(false);
});

it('knows what it has heard of, and asks for what is new', async () => {
  const rules = [{ right: 'read', filter: 'a' }] as const;
  await directory.write('orders', 'one', rules);
  expect(accounts.known('orders')).toBeUndefined();
  const first = (await accounts.fresh('orders'))!;
  expect(accounts.rulesOf('orders')).toEqual(rules);
  await directory.write('orders', 'two');
  expect(accounts.known('orders')!.equals(first)).toBe(true);
  expect((await accounts.fresh('orders'))!.equals(first)).toBe(false);
  directory.users.clear();
  await accounts.load('orders');
  expect(accounts.known('orders')).toBeUndefined();
  expect(accounts.rulesOf('orders')).toEqual([]);
});

it('reads again only what has another revision', async () => {
  for (const name of ['a', 'b', 'c']) await directory.write(name, name);
  expect(await accounts.reload()).toBe(true);
  directory.asked = 0;
  expect(await accounts.reload()).toBe(false);
  expect(directory.asked).toBe(0);
  directory.users.delete('a');
  await directory.write('b', 'new');
  expect(await accounts.reload()).toBe(true);
  expect(directory.asked).toBe(2);
  expect(accounts.known('a')).toBeUndefined();
  expect(await accounts.known('b')!.verify(text('new'))).toBe(true);
});

it('lets the users file have its names to itself', async () => {
  await directory.write('backend', 'other', [{ right: 'read', filter: '#' }]);
  await accounts.reload();
  accounts.setFile(parseUsers(BACKEND).users);
  const account = (await accounts.fresh('backend'))!;
  expect(await account.verify(text('secret1'))).toBe(true);
  expect(await account.verify(text('other'))).toBe(false);
  expect(account.keys).toBeUndefined();
  expect(accounts.rulesOf('backend')).toEqual([]);
  accounts.setFile(undefined);
  expect(accounts.known('backend')!.equals(account)).toBe(false);
});

it('has the same decoy for a name each time, if there is anybody at all', async () => {
  expect(accounts.decoyFor('nobody')).toBeUndefined();
  for (const name of ['a', 'b', 'c']) await directory.write(name, name);
  await accounts.reload();
  const names = Array.from({ length: 30 }, (_, i) => accounts.decoyFor(`nobody-${i}`)!.name);
  expect(new Set(names).size).toBe(3);
  expect(names).toEqual(Array.from({ length: 30 }, (_, i) => accounts.decoyFor(`nobody-${i}`)!.name));
});

it('checks one password at a time, keeps the others in line, and refuses when that is too long', async () => {
  const checks = new PasswordChecks();
  let running = 0;
  let most = 0;
  const check = async (): Promise<boolean> => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setImmediate(resolve));
    running--;
    return true;
  };
  const outcomes = await Promise.all(Array.from({ length: 300 }, () => checks.run(check)));
  expect(most).toBe(1);
  expect(outcomes.filter((outcome) => outcome === true)).toHaveLength(257);
  await expect(checks.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await checks.run(check)).toBe(true);
});
