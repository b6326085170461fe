import {
  decodeDelivery,
  type Delivery,
  type DeliveryCounts,
  type DeliveryStep,
  DELIVERY_STATES,
  type Deposit,
  type DepositOutcome,
  encodeStep,
  HISTORY_RETENTION,
  Inbox,
  type InboxEntry,
  type OnlineDeposit,
  STEP_LETTERS,
} from '@carillon/domain';
import { runScript } from '@carillon/redis';
import { byShard, type Store } from '../store.js';
import { parseConnections } from './connections.js';

export interface InboxBounds {
  /** Entries per device; the oldest gives way to one more. */
  readonly maxEntries: number;
}

export const DEFAULT_INBOX_BOUNDS: InboxBounds = { maxEntries: 1_000 };

/** `[deposited, repeated, unknown, online, needed]` of deposit.lua */
type DepositReply = [number, number, number, (string | number)[], (string | number)[]];

interface Displacement {
  readonly deviceId: string;
  readonly notificationId: string;
  readonly letter: string;
}

/** So many rounds of "this entry has to give way first" before a deposit gives up; each needs a rival deposit in between. */
const MAX_DISPLACEMENT_ROUNDS = 16;
/** A script holds Redis for as long as it runs. */
const MAX_DEVICES_PER_CALL = 500;
const CLOSED = ['acknowledged', 'expired', 'collapsed', 'dropped', 'purged', 'failed'] as const;

export class RedisInbox extends Inbox {
  constructor(
    private readonly store: Store,
    private readonly bounds: InboxBounds = DEFAULT_INBOX_BOUNDS,
  ) {
    super();
  }

  async deposit(deposit: Deposit, deviceIds: readonly string[], now: number): Promise<DepositOutcome> {
    const outcome = { deposited: 0, repeated: 0, unknown: 0, online: [] as OnlineDeposit[] };
    for (let i = 0; i < deviceIds.length; i += MAX_DEVICES_PER_CALL) {
      await this.depositSlice(deposit, deviceIds.slice(i, i + MAX_DEVICES_PER_CALL), now, outcome);
    }
    return outcome;
  }

  private async depositSlice(
    deposit: Deposit,
    deviceIds: readonly string[],
    now: number,
    outcome: { deposited: number; repeated: number; unknown: number; online: OnlineDeposit[] },
  ): Promise<void> {
    let waiting = deviceIds;
    let displacements: Displacement[] = [];
    for (let round = 0; waiting.length > 0; round++) {
      if (round > MAX_DISPLACEMENT_ROUNDS) throw new Error('an inbox changed too fast to make room in it');
      const [deposited, repeated, unknown, online, needed] = await this.tryDeposit(
        deposit,
        waiting,
        displacements,
        now,
      );
      outcome.deposited += deposited;
      outcome.repeated += repeated;
      outcome.unknown += unknown;
      outcome.online.push(...onlineDeposits(waiting, online));
      displacements = displacementsOf(waiting, needed);
      waiting = displacements.map(({ deviceId }) => deviceId);
    }
  }

  private tryDeposit(
    deposit: Deposit,
    deviceIds: readonly string[],
    displacements: readonly Displacement[],
    now: number,
  ): Promise<DepositReply> {
    const { client, keys } = this.store;
    const partition = this.store.partitionOf(deviceIds[0]!);
    const { notificationId, expiresAt, onlineOnly, collapseKey } = deposit;
    const perDevice = (id: string): string[] => [
      keys.inbox(partition, id),
      keys.device(partition, id),
      ...(collapseKey === undefined ? [] : [keys.collapse(partition, id)]),
    ];
    const head = [
      keys.sequence(partition),
      keys.online(partition),
      keys.expiry(partition),
      keys.deliveries(partition, notificationId),
      keys.receipts(partition),
    ];
    const displaced = displacements.map((old) => keys.deliveries(partition, old.notificationId));
    return runScript<DepositReply>(
      client,
      'deposit',
      [...head, ...deviceIds.flatMap(perDevice), ...displaced],
      [
        now.toString(36),
        notificationId,
        expiresAt,
        expiresAt + HISTORY_RETENTION,
        onlineOnly ? '1' : '0',
        collapseKey ?? '',
        this.bounds.maxEntries,
        deposit.app,
        deviceIds.length,
        ...deviceIds,
        ...displacements.flatMap((old) => [
          deviceIds.indexOf(old.deviceId) + 1,
          old.notificationId,
          old.letter,
        ]),
      ],
    );
  }

  async read(deviceId: string, after: number, limit: number): Promise<readonly InboxEntry[]> {
    const { client, keys } = this.store;
    const partition = this.store.partitionOf(deviceId);
    const found = await client.zrangebyscore(
      keys.inbox(partition, deviceId),
      `(${after}`,
      '+inf',
      'WITHSCORES',
      'LIMIT',
      0,
      limit,
    );
    const entries: InboxEntry[] = [];
    for (let i = 0; i < found.length; i += 2)
      entries.push({ notificationId: found[i]!, seq: Number(found[i + 1]) });
    return entries;
  }

  async floor(deviceId: string): Promise<number> {
    const { client, keys } = this.store;
    const partition = this.store.partitionOf(deviceId);
    return Number((await client.hget(keys.device(partition, deviceId), 'floor')) ?? 0);
  }

  async record(steps: readonly DeliveryStep[]): Promise<void> {
    const groups = byShard(steps, ({ deviceId }) => this.store.partitionOf(deviceId));
    await Promise.all([...groups].map(([partition, own]) => this.recordIn(partition, own)));
  }

  private recordIn(partition: number, steps: readonly DeliveryStep[]): Promise<unknown> {
    const { client, keys } = this.store;
    return runScript(
      client,
      'record-steps',
      [
        keys.receipts(partition),
        ...steps.flatMap((step) => [
          keys.inbox(partition, step.deviceId),
          keys.deliveries(partition, step.notificationId),
        ]),
      ],
      steps.flatMap((step) => [
        step.deviceId,
        step.notificationId,
        STEP_LETTERS[step.state],
        encodeStep(step),
        receiptLine(step),
      ]),
    );
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

  async openDeliveries(
    partition: number,
    notificationId: string,
    cursor: string,
    limit: number,
  ): Promise<{ cursor: string; deviceIds: string[] }> {
    const { client, keys } = this.store;
    const [next, fields] = await client.hscan(
      keys.deliveries(partition, notificationId),
      cursor,
      'COUNT',
      limit,
    );
    const deviceIds: string[] = [];
    for (let i = 0; i < fields.length; i += 2) {
      const device = fields[i]!;
      if (device.startsWith('#')) continue;
      const { state } = decodeDelivery(notificationId, device, fields[i + 1]!);
      if (state === 'queued' || state === 'written') deviceIds.push(device);
    }
    return { cursor: next, deviceIds };
  }

  /** Notifications of a partition whose deliveries have expired. */
  async expired(partition: number, now: number, limit: number): Promise<string[]> {
    const { client, keys } = this.store;
    return client.zrangebyscore(keys.expiry(partition), '-inf', now, 'LIMIT', 0, limit);
  }

  /** How many deliveries of a notification a partition has: changes with every deposit. */
  async deposits(partition: number, notificationId: string): Promise<string> {
    const key = this.store.keys.deliveries(partition, notificationId);
    return (await this.store.client.hget(key, '#q')) ?? '';
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

/** What the receipts stream says of a step, in fields joined by tabs. */
function receiptLine(step: DeliveryStep): string {
  const { app, notificationId, deviceId, state, at, transport = '', detail = '' } = step;
  return [
    app,
    notificationId,
    deviceId,
    STEP_LETTERS[state],
    at.toString(36),
    transport,
    detail.replace(/\s/g, ' '),
  ].join('\t');
}
