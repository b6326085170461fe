import {
  decodeDelivery,
  DEFAULT_INBOX_BOUNDS,
  CLOCK_TOLERANCE,
  type Delivery,
  type DeliveryCounts,
  type DeliveryStep,
  DELIVERY_STATES,
  type Deposit,
  type DepositOutcome,
  HISTORY_RETENTION,
  Inbox,
  type InboxBounds,
  type InboxCursor,
  type InboxEntry,
  inWritingOrder,
  type OnlineDeposit,
  OPEN_STATES,
  type Priority,
  SMALL_CONTENT,
  STEP_LETTERS,
} from '@carillon/domain';
import { runScript } from '@carillon/redis';
import type { Store } from '../store.js';
import { parseConnections } from './connections.js';
import { StepRecorder } from './step-recorder.js';

/** `[deposited, repeated, unknown, online, needed, moved, asleep]` of deposit.lua */
type DepositReply = [number, number, number, (string | number)[], (string | number)[], number[], number[]];

/** What deposit.lua takes off the place of a high one to make its score. */
const HIGH = 2 ** 52;

interface Displacement {
  readonly deviceId: string;
  readonly notificationId: string;
  readonly letter: string;
}

/** So many rounds of "this entry has to give way first" before a deposit gives up; each needs a rival deposit in between. */
const MAX_DISPLACEMENT_ROUNDS = 16;
/** A script holds Redis for as long as it runs. */
const MAX_DEVICES_PER_CALL = 500;
const CLOSED = [
  'acknowledged',
  'expired',
  'collapsed',
  'dropped',
  'recalled',
  'purged',
  'failed',
  'suppressed',
] as const;

interface DepositCall {
  readonly deposit: Deposit;
  readonly now: number;
  readonly owners?: ReadonlyMap<string, string>;
}

interface Outcome {
  deposited: number;
  repeated: number;
  unknown: number;
  moved: string[];
  asleep: string[];
  online: OnlineDeposit[];
}

export class RedisInbox extends Inbox {
  readonly bounds: InboxBounds;
  private readonly steps: StepRecorder;

  constructor(
    private readonly store: Store,
    bounds: Partial<InboxBounds> = {},
  ) {
    super();
    this.bounds = { ...DEFAULT_INBOX_BOUNDS, ...bounds };
    this.steps = new StepRecorder(store);
  }

  async deposit(
    deposit: Deposit,
    deviceIds: readonly string[],
    now: number,
    owners?: ReadonlyMap<string, string>,
  ): Promise<DepositOutcome> {
    const outcome: Outcome = { deposited: 0, repeated: 0, unknown: 0, moved: [], asleep: [], online: [] };
    for (let i = 0; i < deviceIds.length; i += MAX_DEVICES_PER_CALL) {
      await this.depositSlice(
        { deposit, now, owners },
        deviceIds.slice(i, i + MAX_DEVICES_PER_CALL),
        outcome,
      );
    }
    return outcome;
  }

  private async depositSlice(
    call: DepositCall,
    deviceIds: readonly string[],
    outcome: Outcome,
  ): Promise<void> {
    let waiting = deviceIds;
    let displacements: Displacement[] = [];
    for (let round = 0; waiting.length > 0; round++) {
      if (round > MAX_DISPLACEMENT_ROUNDS) throw new Error('an inbox changed too fast to make room in it');
      const reply = await this.tryDeposit(call, waiting, displacements);
      const [deposited, repeated, unknown, online, needed, moved, asleep] = reply;
      outcome.deposited += deposited;
      outcome.repeated += repeated;
      outcome.unknown += unknown;
      outcome.moved.push(...deviceIdsAt(waiting, moved));
      outcome.asleep.push(...deviceIdsAt(waiting, asleep));
      outcome.online.push(...onlineDeposits(waiting, online));
      displacements = displacementsOf(waiting, needed);
      waiting = [...new Set(displacements.map(({ deviceId }) => deviceId))];
    }
  }

  private tryDeposit(
    call: DepositCall,
    deviceIds: readonly string[],
    displacements: readonly Displacement[],
  ): Promise<DepositReply> {
    const { keys } = this.store;
    const { app, notificationId, collapseKey } = call.deposit;
    const partition = this.store.partitionOf(deviceIds[0]!);
    const names = [
      keys.sequence(partition),
      keys.online(partition),
      keys.expiry(partition),
      keys.deliveries(partition, notificationId),
      keys.receipts(partition),
      keys.held(partition),
      keys.allDevices(partition, app),
      keys.movedDevices(partition),
      keys.pushDevices(partition),
    ];
    for (const id of deviceIds) {
      names.push(keys.inbox(partition, id));
      if (collapseKey !== undefined) names.push(keys.collapse(partition, id));
    }
    for (const { notificationId: old, deviceId } of displacements)
      names.push(keys.deliveries(partition, old), keys.device(partition, deviceId));
    return this.store.scripts.run<DepositReply>('deposit', names, [
      ...this.depositArguments(call),
      deviceIds.length,
      ...deviceIds,
      ...(call.owners ? deviceIds.map((id) => call.owners!.get(id) ?? '') : []),
      ...displacements.flatMap((old) => [
        deviceIds.indexOf(old.deviceId) + 1,
        old.notificationId,
        old.letter,
      ]),
    ]);
  }

  private depositArguments({ deposit, now, owners }: DepositCall): (string | number)[] {
    const { maxEntries, maxBytes, maxAge, maxAppEntries, maxAppBytes, policy } = this.bounds;
    const { expiresAt, collapseKey = '', replaces = '', priority, bytes = 0, resolvedAt } = deposit;
    const share = (bound: number): number => Math.ceil(bound / this.store.keys.partitions);
    return [
      now.toString(36),
      deposit.notificationId,
      expiresAt,
      expiresAt + HISTORY_RETENTION,
      deposit.onlineOnly ? '1' : '0',
      collapseKey,
      replaces,
      priority === 'high' ? '1' : '0',
      bytes > SMALL_CONTENT ? bytes : 0,
      maxEntries,
      maxBytes,
      share(maxAppEntries),
      share(maxAppBytes),
      policy,
      deposit.app,
      resolvedAt === undefined ? '' : resolvedAt - CLOCK_TOLERANCE,
      owners ? '1' : '0',
      Math.min(expiresAt, now + maxAge),
    ];
  }

  async read(deviceId: string, after: InboxCursor, limit: number): Promise<readonly InboxEntry[]> {
    const { client, keys } = this.store;
    const key = keys.inbox(this.store.partitionOf(deviceId), deviceId);
    const [high, normal] = await Promise.all([
      client.zrangebyscore(key, `(${after.high - HIGH}`, '(0', 'WITHSCORES', 'LIMIT', 0, limit),
      client.zrangebyscore(key, `(${after.normal}`, '+inf', 'WITHSCORES', 'LIMIT', 0, limit),
    ]);
    return inWritingOrder(entriesOf(high, 'high'), entriesOf(normal, 'normal'), after.streak, limit);
  }

  /** How many entries are to be written before a notification's; undefined when the inbox does not hold it. */
  async entriesBefore(deviceId: string, notificationId: string): Promise<number | undefined> {
    const { client, keys } = this.store;
    const key = keys.inbox(this.store.partitionOf(deviceId), deviceId);
    return (await client.zrank(key, notificationId)) ?? undefined;
  }

  async floor(deviceId: string): Promise<number> {
    const { client, keys } = this.store;
    const partition = this.store.partitionOf(deviceId);
    return Number((await client.hget(keys.device(partition, deviceId), 'floor')) ?? 0);
  }

  async waiting(deviceIds: readonly string[]): Promise<readonly string[]> {
    const { client, keys } = this.store;
    const partitionOf = (id: string): number => this.store.partitionOf(id);
    const calls = this.store.inOneScript(deviceIds, partitionOf);
    const found = await Promise.all(
      calls.map(async (ids) => {
        const inboxes = ids.map((id) => keys.inbox(partitionOf(id), id));
        return deviceIdsAt(ids, await runScript<number[]>(client, 'find-waiting', inboxes, []));
      }),
    );
    return found.flat();
  }

  record(steps: readonly DeliveryStep[]): Promise<void> {
    return this.steps.record(steps);
  }

  async delivery(notificationId: string, deviceId: string): Promise<Delivery | undefined> {
    const { client, keys } = this.store;
    const partition = this.store.partitionOf(deviceId);
    const stored = await client.hget(keys.deliveries(partition, notificationId), deviceId);
    return stored === null ? undefined : decodeDelivery(notificationId, deviceId, stored);
  }

  async counts(notificationId: string, partitions: readonly number[]): Promise<DeliveryCounts> {
    const { client, keys } = this.store;
    const fields = DELIVERY_STATES.map((state) => `#${STEP_LETTERS[state]}`);
    const rows = await Promise.all(
      partitions.map((partition) => client.hmget(keys.deliveries(partition, notificationId), ...fields)),
    );
    const counts = Object.fromEntries(
      DELIVERY_STATES.map((state, i) => [state, rows.reduce((sum, row) => sum + Number(row[i] ?? 0), 0)]),
    ) as Record<(typeof DELIVERY_STATES)[number], number>;
    const pending = CLOSED.reduce((rest, state) => rest - counts[state], counts.queued);
    return { ...counts, pending };
  }

  /** A page of a notification's deliveries in one partition, in no particular order; one may come twice (HSCAN). */
  async deliveries(
    partition: number,
    notificationId: string,
    cursor: string,
    limit: number,
  ): Promise<{ cursor: string; deliveries: Delivery[] }> {
    const { client, keys } = this.store;
    const key = keys.deliveries(partition, notificationId);
    const [next, fields] = await client.hscan(key, cursor, 'COUNT', limit);
    const deliveries: Delivery[] = [];
    for (let i = 0; i < fields.length; i += 2) {
      const device = fields[i]!;
      if (!device.startsWith('#')) deliveries.push(decodeDelivery(notificationId, device, fields[i + 1]!));
    }
    return { cursor: next, deliveries };
  }

  /** The deliveries of devices of one partition; what is not there is left out. */
  async deliveriesOf(
    partition: number,
    notificationId: string,
    deviceIds: readonly string[],
  ): Promise<Delivery[]> {
    if (deviceIds.length === 0) return [];
    const { client, keys } = this.store;
    const stored = await client.hmget(keys.deliveries(partition, notificationId), ...deviceIds);
    return deviceIds.flatMap((id, i) => (stored[i] ? [decodeDelivery(notificationId, id, stored[i])] : []));
  }

  async openDeliveries(
    partition: number,
    notificationId: string,
    cursor: string,
    limit: number,
  ): Promise<{ cursor: string; deliveries: Delivery[] }> {
    const page = await this.deliveries(partition, notificationId, cursor, limit);
    const open = page.deliveries.filter(({ state }) => OPEN_STATES.includes(state));
    return { cursor: page.cursor, deliveries: open };
  }

  /** Notifications of a partition whose deliveries have expired, or may be too old. */
  async expired(partition: number, now: number, limit: number): Promise<string[]> {
    const { client, keys } = this.store;
    return client.zrangebyscore(keys.expiry(partition), '-inf', now, 'LIMIT', 0, limit);
  }

  /** How many deliveries of a notification a partition has: changes with every deposit. */
  async deposits(partition: number, notificationId: string): Promise<string> {
    const key = this.store.keys.deliveries(partition, notificationId);
    return (await this.store.client.hget(key, '#q')) ?? '';
  }

  /** The notification's deliveries are to be looked at again then, ms since 1970. */
  async expectExpiry(partition: number, notificationId: string, at: number): Promise<void> {
    const { client, keys } = this.store;
    await client.zadd(keys.expiry(partition), 'XX', at, notificationId);
  }

  /** @returns false when something was deposited since `deposits` was read: there may be more to close */
  async forgetExpiry(partition: number, notificationId: string, deposits: string): Promise<boolean> {
    const { client, keys } = this.store;
    const both = [keys.expiry(partition), keys.deliveries(partition, notificationId)];
    return (await runScript<number>(client, 'forget-expiry', both, [notificationId, deposits])) === 1;
  }

  /** Partitions in which something has expired, asked of every partition at once. */
  async partitionsWithExpired(now: number): Promise<number[]> {
    const { client, keys } = this.store;
    const counts = await Promise.all(
      this.store.allPartitions().map((partition) => client.zcount(keys.expiry(partition), '-inf', now)),
    );
    return counts.flatMap((count, partition) => (count > 0 ? [partition] : []));
  }
}

const deviceIdsAt = (deviceIds: readonly string[], indexes: readonly number[]): string[] =>
  indexes.map((index) => deviceIds[index - 1]!);

/** Members and scores, one behind the other. */
function entriesOf(found: readonly string[], priority: Priority): InboxEntry[] {
  const entries: InboxEntry[] = [];
  for (let i = 0; i < found.length; i += 2) {
    const score = Number(found[i + 1]);
    entries.push({ notificationId: found[i]!, seq: score < 0 ? score + HIGH : score, priority });
  }
  return entries;
}

function onlineDeposits(deviceIds: readonly string[], flat: readonly (string | number)[]): OnlineDeposit[] {
  const online: OnlineDeposit[] = [];
  for (let i = 0; i < flat.length; i += 4) {
    online.push({
      deviceId: deviceIds[Number(flat[i]) - 1]!,
      seq: Number(flat[i + 1]),
      previousSeq: Number(flat[i + 2]),
      connections: parseConnections(String(flat[i + 3])),
    });
  }
  return online;
}

function displacementsOf(deviceIds: readonly string[], flat: readonly (string | number)[]): Displacement[] {
  const needed: Displacement[] = [];
  for (let i = 0; i < flat.length; i += 3) {
    needed.push({
      deviceId: deviceIds[Number(flat[i]) - 1]!,
      notificationId: String(flat[i + 1]),
      letter: String(flat[i + 2]),
    });
  }
  return needed;
}
