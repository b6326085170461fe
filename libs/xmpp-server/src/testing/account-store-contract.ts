import type { AccountBounds, AccountStore } from '../account/account-store.js';

/** A store over accounts that there are, within bounds of the suite's choosing. */
export interface AccountStoreUnderTest {
  store: AccountStore;
  account: string;
  /** Not the name of any account. */
  stranger: string;
}

const BOUNDS: AccountBounds = { records: 4, bytes: 200 };

/** Every implementation of `AccountStore` behaves so. */
export function describeAccountStoreContract(
  name: string,
  make: (bounds: AccountBounds) => Promise<AccountStoreUnderTest>,
): void {
  describe(`${name} as a store of accounts`, () => {
    let under: AccountStoreUnderTest;
    beforeEach(async () => {
      under = await make(BOUNDS);
    });

    const change = (changes: Record<string, string | undefined>) =>
      under.store.change(under.account, 'private', new Map(Object.entries(changes)));
    const all = async () => Object.fromEntries(await under.store.list(under.account, 'private'));

    it('keeps records by kind and name', async () => {
      expect(await change({ 'a ä\n': 'one <&> ö', b: '' })).toBe('kept');
      expect(await under.store.change(under.account, 'push', new Map([['a', 'other']]))).toBe('kept');
      expect(await all()).toEqual({ 'a ä\n': 'one <&> ö', b: '' });
      expect(await under.store.get(under.account, 'private', 'b')).toBe('');
      expect(await under.store.get(under.account, 'push', 'a')).toBe('other');
      expect(await under.store.get(under.account, 'private', 'c')).toBeUndefined();
      expect(await under.store.list(under.stranger, 'private')).toEqual(new Map());
    });

    it('makes changes in one step', async () => {
      await change({ a: '1', b: '2' });
      expect(await change({ a: undefined, b: '3', c: '4', d: undefined })).toBe('kept');
      expect(await all()).toEqual({ b: '3', c: '4' });
    });

    it('keeps no more than it may, and then changes nothing', async () => {
      expect(await change({ a: '1', b: '2', c: '3', d: '4' })).toBe('kept');
      expect(await change({ a: 'x', e: '5' })).toBe('full');
      expect(await all()).toEqual({ a: '1', b: '2', c: '3', d: '4' });
      expect(await change({ a: undefined, e: '5' })).toBe('kept');
      expect(await change({ e: 'x'.repeat(200) })).toBe('full');
      expect(await change({ b: undefined })).toBe('kept');
      expect(await change({ e: 'x'.repeat(100) })).toBe('kept');
      expect(await change({ e: 'y'.repeat(100) })).toBe('kept');
      expect(await change({ f: 'z'.repeat(100) })).toBe('full');
      expect(await all()).toEqual({ c: '3', d: '4', e: 'y'.repeat(100) });
    });

    it('keeps nothing for who is no account', async () => {
      expect(await under.store.change(under.stranger, 'push', new Map([['a', '1']]))).toBe('gone');
      expect(await under.store.list(under.stranger, 'push')).toEqual(new Map());
    });
  });
}
