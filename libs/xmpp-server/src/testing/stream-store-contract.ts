import { randomBytes } from 'node:crypto';
import type { StreamManagementStore, StreamRecord } from '../session/stream-management-store.js';

/** Two servers' views of one store. */
export interface StoresUnderTest {
  first: StreamManagementStore;
  second: StreamManagementStore;
}

const TTL_MS = 60_000;

/** Every implementation of `StreamManagementStore` behaves so. */
export function describeStreamStoreContract(name: string, make: () => StoresUnderTest): void {
  describe(`${name} as a store of stream management`, () => {
    let stores: StoresUnderTest;
    let record: StreamRecord;
    beforeEach(() => {
      stores = make();
      record = { account: 'dev1', id: randomBytes(9).toString('base64url'), state: '{"h":1}' };
    });

    const save = (store: StreamManagementStore, state = record.state, ttlMs = TTL_MS) =>
      store.save([{ ...record, state }], ttlMs);
    const claim = (store: StreamManagementStore, account = record.account) =>
      store.claim(account, record.id, TTL_MS);

    it('gives a state to whoever claims it, and says whose it was', async () => {
      expect(await save(stores.first)).toEqual([]);
      expect(await claim(stores.first)).toEqual({ state: '{"h":1}', own: true });
      expect(await claim(stores.second)).toEqual({ state: '{"h":1}', own: false });
      expect(await claim(stores.second)).toEqual({ state: '{"h":1}', own: true });
    });

    it('keeps the last state that its server saved', async () => {
      await save(stores.first);
      expect(await save(stores.first, 'newer <&> \u00e4 "')).toEqual([]);
      expect(await claim(stores.second)).toEqual({ state: 'newer <&> \u00e4 "', own: false });
    });

    it('takes nothing from a server that lost it, and says so', async () => {
      await save(stores.first);
      await claim(stores.second);
      expect(await save(stores.first, 'late')).toEqual([record.id]);
      await stores.first.release(record.account, record.id);
      expect(await claim(stores.second)).toEqual({ state: '{"h":1}', own: true });
    });

    it('goes on with who claimed it', async () => {
      await save(stores.first);
      await claim(stores.second);
      expect(await save(stores.second, 'mine')).toEqual([]);
      expect(await claim(stores.first)).toEqual({ state: 'mine', own: false });
    });

    it('knows an id together with its account alone', async () => {
      await save(stores.first);
      expect(await claim(stores.second, 'dev2')).toBeUndefined();
      expect(await claim(stores.second)).toBeDefined();
    });

    it('knows nothing of what was never saved, was released, or has expired', async () => {
      expect(await claim(stores.first)).toBeUndefined();
      await save(stores.first);
      await stores.first.release(record.account, record.id);
      expect(await claim(stores.first)).toBeUndefined();
      await save(stores.first, record.state, 20);
      await new Promise((resolve) => setTimeout(resolve, 60));
      expect(await claim(stores.first)).toBeUndefined();
    });

    it('takes many at once, and answers for each', async () => {
      const many = Array.from({ length: 300 }, (_, i) => ({
        ...record,
        account: `d${i}`,
        id: `${record.id}${i}`,
      }));
      expect(await stores.first.save(many, TTL_MS)).toEqual([]);
      const lost = many.filter((_, i) => i % 7 === 0);
      for (const { account, id } of lost) await stores.second.claim(account, id, TTL_MS);
      const answer = await stores.first.save(many, TTL_MS);
      expect([...answer].sort()).toEqual(lost.map(({ id }) => id).sort());
    });
  });
}
