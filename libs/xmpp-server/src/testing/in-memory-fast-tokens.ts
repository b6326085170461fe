import { randomBytes } from 'node:crypto';
import type { FastClient, FastHooks, FastToken } from '../hooks.js';

/** Tokens of one process, two for each client at most. */
export class InMemoryFastTokens implements FastHooks {
  readonly kept = new Map<string, (FastToken & { principal: unknown })[]>();
  readonly counts = new Map<string, number>();

  constructor(private readonly lifetimeMs = 14 * 24 * 3_600_000) {}

  issue(client: FastClient, principal: unknown): Promise<FastToken> {
    const token = randomBytes(18).toString('base64url');
    const issued = { token, expiresAt: new Date(Date.now() + this.lifetimeMs), principal };
    this.kept.set(key(client), [issued, ...(this.kept.get(key(client)) ?? [])].slice(0, 2));
    return Promise.resolve(issued);
  }

  find(client: FastClient): Promise<readonly (FastToken & { principal: unknown })[]> {
    return Promise.resolve(this.kept.get(key(client)) ?? []);
  }

  used(client: FastClient, token: string, count: number | undefined): Promise<boolean> {
    const all = this.kept.get(key(client)) ?? [];
    if (count !== undefined && count <= (this.counts.get(token) ?? -1)) return Promise.resolve(false);
    if (count !== undefined) this.counts.set(token, count);
    this.kept.set(key(client), all.slice(0, all.findIndex((each) => each.token === token) + 1));
    return Promise.resolve(true);
  }

  invalidate(client: FastClient): Promise<void> {
    this.kept.delete(key(client));
    return Promise.resolve();
  }
}

function key({ username, clientId, mechanism }: FastClient): string {
  return `${username} ${clientId} ${mechanism}`;
}
