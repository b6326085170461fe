/**
 * What a record is: private XML (XEP-0049), a blocked JID (XEP-0191), the settings of a PEP node, one of its items (XEP-0163), or a push service
 * (XEP-0357).
 */
export type AccountRecordKind = 'private' | 'blocked' | 'node' | 'item' | 'push';

/** What became of a change: `full` is for an account that would keep more than it may, `gone` for one that is no more. Neither changes anything. */
export type AccountChangeOutcome = 'kept' | 'full' | 'gone';

/** What one account may keep. */
export interface AccountBounds {
  records: number;
  /** Bytes of all names and values. */
  bytes: number;
}

export const ACCOUNT_BOUNDS: AccountBounds = { records: 200, bytes: 131_072 };

/**
 * What the server keeps for its accounts, wherever they are connected, until the account ends or goes to another owner. Names and values are text;
 * an account is a prepared localpart.
 */
export abstract class AccountStore {
  abstract get(account: string, kind: AccountRecordKind, name: string): Promise<string | undefined>;

  /** All records of a kind by name, in no particular order. */
  abstract list(account: string, kind: AccountRecordKind): Promise<ReadonlyMap<string, string>>;

  /** All changes in one step, or none; undefined takes a record away. What takes away alone always fits. */
  abstract change(
    account: string,
    kind: AccountRecordKind,
    changes: ReadonlyMap<string, string | undefined>,
  ): Promise<AccountChangeOutcome>;
}

/** In memory: for one server, and as the model of others. */
export class InMemoryAccountStore extends AccountStore {
  private readonly accounts = new Map<string, Map<string, string>>();

  constructor(
    private readonly bounds: AccountBounds = ACCOUNT_BOUNDS,
    private readonly exists: (account: string) => boolean = () => true,
  ) {
    super();
  }

  get(account: string, kind: AccountRecordKind, name: string): Promise<string | undefined> {
    return Promise.resolve(this.accounts.get(account)?.get(field(kind, name)));
  }

  list(account: string, kind: AccountRecordKind): Promise<ReadonlyMap<string, string>> {
    const prefix = field(kind, '');
    const records = [...(this.accounts.get(account) ?? [])].filter(([name]) => name.startsWith(prefix));
    return Promise.resolve(new Map(records.map(([name, value]) => [name.slice(prefix.length), value])));
  }

  change(
    account: string,
    kind: AccountRecordKind,
    changes: ReadonlyMap<string, string | undefined>,
  ): Promise<AccountChangeOutcome> {
    if (!this.exists(account)) return Promise.resolve('gone');
    const changed = new Map(this.accounts.get(account));
    let adds = false;
    for (const [name, value] of changes) {
      if (value === undefined) changed.delete(field(kind, name));
      else changed.set(field(kind, name), value);
      adds ||= value !== undefined;
    }
    const bytes = [...changed].reduce((sum, pair) => sum + Buffer.byteLength(pair.join('')), 0);
    if (adds && (changed.size > this.bounds.records || bytes > this.bounds.bytes))
      return Promise.resolve('full');
    this.accounts.set(account, changed);
    return Promise.resolve('kept');
  }
}

function field(kind: AccountRecordKind, name: string): string {
  return `${kind} ${name}`;
}
