/** A session's state for stream management, as another server goes on with it (XEP-0198 §5). */
export interface StreamRecord {
  /** Prepared localpart; the id counts only together with it. */
  account: string;
  /** The resumption id that the client was given. */
  id: string;
  /** Of this library's own making, without meaning to a store. */
  state: string;
}

export interface ClaimedStream {
  state: string;
  /** Whether this server had it before: what it holds in memory is newer. */
  own: boolean;
}

/**
 * Keeps the state of sessions where every server finds it. Each state belongs to one server: whoever claims it takes it from the one before,
 * whose saves change nothing from then on. Made once a server, with whatever names that server.
 */
export abstract class StreamManagementStore {
  /**
   * Keeps states that are new or belong to this server for `ttlMs` from now.
   * @returns the ids of those that belong to another server by now
   */
  abstract save(records: readonly StreamRecord[], ttlMs: number): Promise<readonly string[]>;

  /** Takes a state over, atomically; undefined when there is none under this account and id. */
  abstract claim(account: string, id: string, ttlMs: number): Promise<ClaimedStream | undefined>;

  /** Forgets a state, unless it belongs to another server by now. */
  abstract release(account: string, id: string): Promise<void>;
}

interface Kept {
  server: string;
  state: string;
  expiresAt: number;
}

/** For servers in one process. What they share is the map. */
export class InMemoryStreamManagementStore extends StreamManagementStore {
  constructor(
    private readonly server: string,
    private readonly kept: Map<string, Kept> = new Map(),
  ) {
    super();
  }

  /** The same states, seen by another server. */
  forServer(server: string): InMemoryStreamManagementStore {
    return new InMemoryStreamManagementStore(server, this.kept);
  }

  save(records: readonly StreamRecord[], ttlMs: number): Promise<readonly string[]> {
    const lost: string[] = [];
    for (const { account, id, state } of records) {
      const former = this.find(account, id);
      if (former && former.server !== this.server) lost.push(id);
      else this.put(account, id, state, ttlMs);
    }
    return Promise.resolve(lost);
  }

  claim(account: string, id: string, ttlMs: number): Promise<ClaimedStream | undefined> {
    const former = this.find(account, id);
    if (!former) return Promise.resolve(undefined);
    this.put(account, id, former.state, ttlMs);
    return Promise.resolve({ state: former.state, own: former.server === this.server });
  }

  release(account: string, id: string): Promise<void> {
    if (this.find(account, id)?.server === this.server) this.kept.delete(key(account, id));
    return Promise.resolve();
  }

  private find(account: string, id: string): Kept | undefined {
    const found = this.kept.get(key(account, id));
    return found && found.expiresAt > Date.now() ? found : undefined;
  }

  private put(account: string, id: string, state: string, ttlMs: number): void {
    this.kept.set(key(account, id), { server: this.server, state, expiresAt: Date.now() + ttlMs });
  }
}

function key(account: string, id: string): string {
  return `${account}/${id}`;
}
