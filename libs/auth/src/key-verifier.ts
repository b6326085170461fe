import type { ApiKey, Scope } from '@carillon/domain';
import { parseApiKey } from './api-keys.js';
import { matchesHash } from './secrets.js';

export interface AuthenticatedKey {
  readonly id: string;
  readonly app: string;
  readonly scopes: readonly Scope[];
}

export type KeyLookup = (id: string) => Promise<ApiKey | undefined>;

export interface KeyVerifierOptions {
  /** For how long a key that was found is not looked up again, ms: so long may a key that was deleted elsewhere live on. */
  readonly cacheMs?: number;
  readonly cacheSize?: number;
  readonly now?: () => number;
}

interface CachedLookup {
  readonly until: number;
  readonly key: Promise<ApiKey | undefined>;
}

/** Checks the API keys that callers present. */
export class KeyVerifier {
  private readonly cache = new Map<string, CachedLookup>();
  private readonly cacheMs: number;
  private readonly cacheSize: number;
  private readonly now: () => number;

  constructor(
    private readonly lookup: KeyLookup,
    { cacheMs = 3_000, cacheSize = 1_000, now = Date.now }: KeyVerifierOptions = {},
  ) {
    this.cacheMs = cacheMs;
    this.cacheSize = cacheSize;
    this.now = now;
  }

  /** @returns undefined for a text that is no valid key; rejects when keys cannot be looked up now */
  async verify(text: string): Promise<AuthenticatedKey | undefined> {
    const presented = parseApiKey(text);
    const key = presented && (await this.find(presented.id));
    if (!key || !matchesHash(presented.secret, key.secretHash)) return undefined;
    return { id: key.id, app: key.app, scopes: key.scopes };
  }

  /** Looks a key up anew next time: it was changed or deleted. */
  forget(id: string): void {
    this.cache.delete(id);
  }

  private find(id: string): Promise<ApiKey | undefined> {
    const cached = this.cache.get(id);
    if (cached && cached.until > this.now()) return cached.key;
    const entry = { until: this.now() + this.cacheMs, key: this.lookup(id) };
    this.remember(id, entry);
    // Only keys that exist are kept: otherwise made-up ids would push the real ones out.
    const drop = (): void => {
      if (this.cache.get(id) === entry) this.cache.delete(id);
    };
    entry.key.then((key) => key ?? drop(), drop);
    return entry.key;
  }

  private remember(id: string, entry: CachedLookup): void {
    this.cache.delete(id);
    this.cache.set(id, entry);
    if (this.cache.size <= this.cacheSize) return;
    const [oldest] = this.cache.keys();
    if (oldest !== undefined) this.cache.delete(oldest);
  }
}
