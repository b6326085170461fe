import { Injectable } from '@nestjs/common';
import type { Device } from '@carillon/domain';
import { EdgeRegistry, RedisDevices, RedisPresence } from '@carillon/persistence';
import { faultAt, type Parameters } from './parameters.js';

export const USER_PARAMETERS = ['from', 'online', 'cursor'] as const;

const PAGE = 500;
/** Devices that one request looks at. */
const MAX_SEEN = 10_000;
const TIME = /^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)$/;
const CURSOR = /^\d{1,4}\.\d{1,20}\.\d{1,9}$/;

export interface UserList {
  readonly data: string[];
  /** Where to go on; absent at the end. */
  readonly next?: string;
}

/** androidpn's users are devices: which there are since when, and whether they are online. */
@Injectable()
export class AndroidpnUsers {
  constructor(
    private readonly devices: RedisDevices,
    private readonly presences: RedisPresence,
    private readonly edges: EdgeRegistry,
  ) {}

  async list(app: string, form: Parameters): Promise<UserList> {
    const [from, online] = [timeOf(form.get('from')), onlineOf(form.get('online'))];
    const live = online === undefined ? new Set<string>() : await this.edges.live(Date.now());
    const data: string[] = [];
    let next = cursorOf(form.get('cursor'));
    for (let seen = 0; seen < MAX_SEEN; seen += PAGE) {
      const page = await this.devices.page(app, next, PAGE);
      const young = page.devices.filter(({ createdAt }) => createdAt >= from);
      data.push(...(await this.select(young, online, live)));
      next = page.next;
      if (next === undefined) break;
    }
    return { data, ...(next !== undefined && { next }) };
  }

  private async select(
    devices: readonly Device[],
    online: boolean | undefined,
    live: { has(edgeId: string): boolean },
  ): Promise<string[]> {
    const ids = devices.map(({ id }) => id);
    if (online === undefined) return ids;
    const connections = await Promise.all(ids.map((id) => this.presences.connections(id)));
    return ids.filter((_, i) => connections[i]!.some(({ edgeId }) => live.has(edgeId)) === online);
  }
}

/** `yyyy-MM-dd HH:mm:ss`, UTC. */
function timeOf(text: string | undefined): number {
  if (text === undefined) return 0;
  const iso = TIME.test(text) ? `${text.replace(' ', 'T')}.000Z` : '';
  const time = Date.parse(iso);
  // No calendar has a 30th of February, but Date would make it the 2nd of March.
  if (Number.isNaN(time) || new Date(time).toISOString() !== iso)
    throw faultAt('from', 'must be a time as yyyy-MM-dd HH:mm:ss (UTC)');
  return time;
}

function onlineOf(text: string | undefined): boolean | undefined {
  if (text === undefined) return undefined;
  if (text !== '0' && text !== '1') throw faultAt('online', 'must be 0 or 1');
  return text === '1';
}

function cursorOf(text: string | undefined): string | undefined {
  if (text !== undefined && !CURSOR.test(text))
    throw faultAt('cursor', 'must be the "next" of the answer before');
  return text;
}
