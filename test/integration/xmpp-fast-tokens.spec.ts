import type { DeviceCredentials } from '@carillon/domain';
import { DUMMY_CREDENTIALS, testStore, type TestStore } from '@carillon/testing';
import { RedisFastTokens } from '@carillon/transports';

let test: TestStore;
beforeAll(() => {
  test = testStore();
});
afterAll(() => test.close());

const SECRET = Buffer.alloc(32, 7);
const MECHANISM = 'HT-SHA-256-NONE' as const;

describe('RedisFastTokens', () => {
  const devices = new Map<string, DeviceCredentials>();
  const login = (id: string) => {
    const credentials = devices.get(id);
    return Promise.resolve(credentials && { id, app: 'default', autoSubscribe: false, credentials });
  };
  let tokens: RedisFastTokens;
  let username: string;
  let serial = 0;
  beforeEach(() => {
    tokens = new RedisFastTokens(test.store.client, test.store.keys, { login }, SECRET);
    username = `fast-${++serial}`;
    devices.set(username, DUMMY_CREDENTIALS);
  });

  const client = (clientId = 'a') => ({ username, clientId, mechanism: MECHANISM });
  const issue = async (clientId?: string) =>
    (await tokens.issue(client(clientId), await login(username))).token;
  const found = async (clientId?: string) => {
    const all = await tokens.find(client(clientId));
    return all === 'unavailable' ? all : all.map(({ token }) => token);
  };

  it('finds what was issued, for the same client, account and mechanism alone', async () => {
    const token = await issue();
    expect(await found()).toEqual([token]);
    expect(await found('b')).toEqual([]);
    expect(await tokens.find({ ...client(), mechanism: 'HT-SHA-256-EXPR' })).toEqual([]);
    expect(await tokens.find({ ...client(), username: 'nobody' })).toEqual([]);
    const [first] = (await tokens.find(client())) as readonly { expiresAt: Date; principal: unknown }[];
    expect(first!.principal).toMatchObject({ id: username });
    expect(first!.expiresAt.getTime()).toBeGreaterThan(Date.now() + 13 * 24 * 3_600_000);
  });

  it('keeps the former token until the new one is used, and no third', async () => {
    const all = [await issue(), await issue(), await issue()];
    expect(await found()).toEqual([all[2], all[1]]);
    expect(await tokens.used(client(), all[1]!, undefined)).toBe(true);
    expect(await found()).toEqual([all[2], all[1]]);
    expect(await tokens.used(client(), all[2]!, undefined)).toBe(true);
    expect(await found()).toEqual([all[2]]);
    expect(await tokens.used(client(), all[1]!, undefined)).toBe(false);
  });

  it('takes no count twice', async () => {
    const token = await issue();
    const use = (count?: number) => tokens.used(client(), token, count);
    expect([await use(3), await use(3), await use(2), await use(), await use(4)]).toEqual([
      true,
      false,
      false,
      true,
      true,
    ]);
  });

  it('ends tokens with the device token, and on request', async () => {
    await issue('a');
    const other = await issue('b');
    await tokens.invalidate(client('a'));
    expect(await found('a')).toEqual([]);
    expect(await found('b')).toEqual([other]);
    devices.set(username, { ...DUMMY_CREDENTIALS, tokenHash: 'another' });
    expect(await found('b')).not.toContain(other);
  });

  it('keeps no token in Redis, and a bounded number of clients', async () => {
    const { client: redis, keys } = test.store;
    const partition = test.store.partitionOf(username);
    const issued: string[] = [];
    for (let i = 0; i < 40; i++) issued.push(await issue(`c${i}`));
    const stored = await redis.hgetall(keys.fastTokens(partition, username));
    expect(Object.keys(stored).length).toBeLessThanOrEqual(16);
    const proofs = issued.map((token) => token.split('.')[1]!);
    expect(proofs.filter((proof) => JSON.stringify(stored).includes(proof))).toEqual([]);
  });
});
