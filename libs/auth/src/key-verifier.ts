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

/** What a text stood for when it was held against a lookup; it stands for it as long as that lookup does. */
interface Verified {
  readonly lookup: CachedLookup;
  readonly key: AuthenticatedKey;
}

/**
 * Checks the API keys that callers present. A text that was right is not hashed again while its key is not looked up again. It is
 * found by itself: V8 hashes it with a seed that nobody knows, so that the time it takes tells nothing about texts that are right.
 */
export class KeyVerifier {
  private readonly cache = new Map<string, CachedLookup>();
  private readonly verified = new Map<string, Verified>();
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
    const before = this.verified.get(text);
    if (before && this.stands(before)) return before.key;
    this.verified.delete(text);
    const presented = parseApiKey(text);
    if (!presented) return undefined;
    const lookup = this.find(presented.id);
    const found = await lookup.key;
    if (!found || !matchesHash(presented.secret, found.secretHash)) return undefined;
    const key = { id: found.id, app: found.app, scopes: found.scopes };
    this.remember(this.verified, text, { lookup, key });
    return key;
  }

  private stands({ lookup, key }: Verified): boolean {
    return lookup.until > this.now() && this.cache.get(key.id) === lookup;
  }

  /** Looks a key up anew next time: it was changed or deleted. */
  forget(id: string): void {
    this.cache.delete(id);
  }

  private find(id: string): CachedLookup {
    const cached = this.cache.get(id);
    if (cached && cached.until > this.now()) return cached;
    const entry = { until: this.now() + this.cacheMs, key: this.lookup(id) };
    this.remember(this.cache, id, entry);
    // Only keys that exist are kept: otherwise made-up ids would push the real ones out.
    const drop = (): void => {
      if (this.cache.get(id) === entry) this.cache.delete(id);
    };
    entry.key.then((key) => key ?? drop(), drop);
    return entry;
  }

  private remember<Entry>(entries: Map<string, Entry>, name: string, entry: Entry): void {
    entries.delete(name);
    entries.set(name, entry);
    if (entries.size <= this.cacheSize) return;
    const [oldest] = entries.keys();
    if (oldest !== undefined) entries.delete(oldest);
  }
}
