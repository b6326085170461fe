import { createHash, createHmac, randomBytes } from 'node:crypto';
import { type DeviceDirectory, type DeviceLogin, shardOf } from '@carillon/domain';
import { type RedisClient, type RedisKeys, runScript } from '@carillon/redis';
import type { FastClient, FastHooks, FastToken } from '@carillon/xmpp-server';

const LIFETIME_MS = 14 * 24 * 3_600_000;
const MAX_CLIENTS = 16;

/**
 * Tokens for quick log-ins (XEP-0484). Redis has their serial numbers alone: a token comes from its number, the installation's secret and
 * the device's own token, and is over with that.
 */
export class RedisFastTokens implements FastHooks {
  constructor(
    private readonly client: RedisClient,
    private readonly keys: RedisKeys,
    private readonly directory: DeviceDirectory,
    private readonly secret: Buffer,
  ) {}

  async issue(client: FastClient, principal: unknown): Promise<FastToken> {
    const serial = randomBytes(12).toString('base64url');
    const expiresAt = Date.now() + LIFETIME_MS;
    const args = [fieldOf(client), serial, expiresAt, LIFETIME_MS, MAX_CLIENTS];
    await runScript(this.client, 'issue-fast-token', [this.keyOf(client)], args);
    return { token: this.tokenOf(client, serial, principal as DeviceLogin), expiresAt: new Date(expiresAt) };
  }

  async find(client: FastClient): Promise<readonly (FastToken & { principal: unknown })[] | 'unavailable'> {
    try {
      const [kept, login] = await Promise.all([
        this.client.hget(this.keyOf(client), fieldOf(client)),
        this.directory.login(client.username),
      ]);
      if (!kept || !login) return [];
      return numbersIn(kept).map(({ serial, expiresAt }) => ({
        token: this.tokenOf(client, serial, login),
        expiresAt,
        principal: login,
      }));
    } catch {
      return 'unavailable';
    }
  }

  async used(client: FastClient, token: string, count: number | undefined): Promise<boolean> {
    const args = [fieldOf(client), serialIn(token), count ?? ''];
    return (await runScript<number>(this.client, 'use-fast-token', [this.keyOf(client)], args)) === 1;
  }

  async invalidate(client: FastClient): Promise<void> {
    await this.client.hdel(this.keyOf(client), fieldOf(client));
  }

  private tokenOf(
    { username, clientId, mechanism }: FastClient,
    serial: string,
    { credentials }: DeviceLogin,
  ): string {
    const parts = ['xmpp-fast', username, clientId, mechanism, serial, credentials.tokenHash];
    const proof = createHmac('sha256', this.secret).update(parts.join('\0')).digest('base64url');
    return `${serial}.${proof}`;
  }

  private keyOf({ username }: FastClient): string {
    return this.keys.fastTokens(shardOf(username, this.keys.partitions), username);
  }
}

function serialIn(token: string): string {
  return token.slice(0, token.indexOf('.'));
}

function fieldOf({ clientId, mechanism }: FastClient): string {
  return createHash('sha256').update(`${mechanism}\0${clientId}`).digest('base64url').slice(0, 22);
}

/** `serial,expiry,count serial,expiry,count`, newest first. */
function numbersIn(kept: string): { serial: string; expiresAt: Date }[] {
  return kept
    .split(' ')
    .filter(Boolean)
    .map((each) => {
      const [serial = '', expiry] = each.split(',');
      return { serial, expiresAt: new Date(Number(expiry)) };
    });
}
