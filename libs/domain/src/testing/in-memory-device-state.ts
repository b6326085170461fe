import {
  type Delivery,
  type DeliveryCounts,
  type DeliveryState,
  type DeliveryStep,
  DELIVERY_STATES,
  type StepRecord,
} from '../delivery/delivery.js';
import { type InboxCursor, inWritingOrder, isPassed, type Priority } from '../delivery/writing-order.js';
import type { Connection } from '../device/device.js';
import {
  CLOCK_TOLERANCE,
  DEFAULT_INBOX_BOUNDS,
  type Deposit,
  type DepositOutcome,
  Inbox,
  type InboxBounds,
  type InboxEntry,
  type OnlineDeposit,
  SMALL_CONTENT,
} from '../ports/inbox.js';
import { type ConnectionPolicy, Presence, type PresenceClaim } from '../ports/presence.js';

const RANK: Readonly<Record<DeliveryState, number>> = {
  queued: 1,
  written: 2,
  acknowledged: 5,
  displayed: 6,
  opened: 7,
  expired: 9,
  collapsed: 9,
  dropped: 9,
  recalled: 9,
  purged: 9,
  failed: 9,
  suppressed: 9,
};
const CLOSING = 9;
const SETTLED = RANK.acknowledged;

type HeldEntry = InboxEntry & { readonly bytes: number };

interface DeviceState {
  readonly app: string;
  readonly tokenHash: string;
  inbox: HeldEntry[];
  user: string;
  hasPushService: boolean;
  movedAt: number;
  floor: number;
  connections: Connection[];
  collapse: Map<string, string>;
}

/** What inbox and presence share: the same rules as the scripts, written the obvious way. */
export class InMemoryDeviceState {
  readonly devices = new Map<string, DeviceState>();
  readonly deliveries = new Map<string, Map<string, StepRecord[]>>();
  seq = 0;
  epoch = 0;

  get held(): HeldEntry[] {
    return [...this.devices.values()].flatMap(({ inbox }) => inbox);
  }

  addDevice(id: string, tokenHash: string, app = 'default'): void {
    this.devices.set(id, {
      app,
      tokenHash,
      inbox: [],
      user: '',
      hasPushService: false,
      movedAt: 0,
      floor: 0,
      connections: [],
      collapse: new Map(),
    });
  }

  /** As the registry does it: what waits was meant for the former owner. */
  moveDevice(id: string, user: string, now: number): void {
    const device = this.devices.get(id)!;
    if (device.user !== '') {
      for (const { notificationId } of device.inbox)
        this.of(notificationId).get(id)?.push({ state: 'purged', at: now, detail: 'owner changed' });
      Object.assign(device, {
        inbox: [],
        collapse: new Map(),
        floor: 0,
        movedAt: now,
        hasPushService: false,
      });
    }
    device.user = user;
  }

  of(notificationId: string): Map<string, StepRecord[]> {
    const known = this.deliveries.get(notificationId) ?? new Map<string, StepRecord[]>();
    this.deliveries.set(notificationId, known);
    return known;
  }
}

export class InMemoryInbox extends Inbox {
  private readonly bounds: InboxBounds;

  constructor(
    private readonly state: InMemoryDeviceState,
    bounds: Partial<InboxBounds> = {},
  ) {
    super();
    this.bounds = { ...DEFAULT_INBOX_BOUNDS, ...bounds };
  }

  deposit(
    deposit: Deposit,
    deviceIds: readonly string[],
    now: number,
    owners?: ReadonlyMap<string, string>,
  ): Promise<DepositOutcome> {
    const outcome: Outcome = { deposited: 0, repeated: 0, unknown: 0, moved: [], online: [], asleep: [] };
    for (const id of deviceIds) {
      const device = this.state.devices.get(id);
      if (device?.app !== deposit.app) outcome.unknown++;
      else if (this.state.of(deposit.notificationId).has(id)) this.repeat(deposit, id, device, outcome);
      else if (hasMoved(device, deposit, owners?.get(id))) outcome.moved.push(id);
      else this.add(deposit, id, device, now, outcome);
    }
    return Promise.resolve(outcome);
  }

  read(deviceId: string, after: InboxCursor, limit: number): Promise<readonly InboxEntry[]> {
    const inbox = this.state.devices.get(deviceId)?.inbox ?? [];
    const waiting = (priority: Priority): InboxEntry[] =>
      inbox
        .filter((entry) => entry.priority === priority && !isPassed(after, entry))
        .map(({ seq, notificationId }) => ({ seq, priority, notificationId }));
    return Promise.resolve(inWritingOrder(waiting('high'), waiting('normal'), after.streak, limit));
  }

  floor(deviceId: string): Promise<number> {
    return Promise.resolve(this.state.devices.get(deviceId)?.floor ?? 0);
  }

  waiting(deviceIds: readonly string[]): Promise<readonly string[]> {
    return Promise.resolve(deviceIds.filter((id) => this.state.devices.get(id)?.inbox.length));
  }

  record(steps: readonly DeliveryStep[]): Promise<void> {
    for (const step of steps) this.apply(step);
    return Promise.resolve();
  }

  delivery(notificationId: string, deviceId: string): Promise<Delivery | undefined> {
    const steps = this.state.deliveries.get(notificationId)?.get(deviceId);
    return Promise.resolve(steps && { notificationId, deviceId, state: steps.at(-1)!.state, steps });
  }

  counts(notificationId: string): Promise<DeliveryCounts> {
    const deliveries = [...(this.state.deliveries.get(notificationId)?.values() ?? [])];
    const reached = (state: DeliveryState): number =>
      deliveries.filter((steps) => steps.some((step) => step.state === state)).length;
    const counts = Object.fromEntries(DELIVERY_STATES.map((state) => [state, reached(state)]));
    const pending = deliveries.filter((steps) => RANK[steps.at(-1)!.state] < SETTLED).length;
    return Promise.resolve({ ...counts, pending } as DeliveryCounts);
  }

  private repeat({ notificationId }: Deposit, deviceId: string, device: DeviceState, outcome: Outcome): void {
    outcome.repeated++;
    const entry = device.inbox.find((held) => held.notificationId === notificationId);
    if (entry) this.tellOnline(deviceId, device, entry, outcome);
  }

  private add(deposit: Deposit, deviceId: string, device: DeviceState, now: number, outcome: Outcome): void {
    const { notificationId, collapseKey } = deposit;
    outcome.deposited++;
    const steps: StepRecord[] = [{ state: 'queued', at: now }];
    this.state.of(notificationId).set(deviceId, steps);
    const late = now >= deposit.expiresAt;
    if (late || (deposit.onlineOnly && device.connections.length === 0)) {
      steps.push({ state: 'expired', at: now, detail: late ? 'late' : 'offline' });
      return;
    }
    this.replace(deviceId, device, deposit, now);
    if (!this.makeRoom(deviceId, device, deposit, now)) {
      steps.push({ state: 'dropped', at: now, detail: 'inbox full' });
      return;
    }
    if (collapseKey !== undefined) device.collapse.set(collapseKey, notificationId);
    this.state.seq = Math.max(this.state.seq, now) + 1;
    const { priority = 'normal', bytes = 0 } = deposit;
    const entry = { seq: this.state.seq, priority, notificationId, bytes: bytes > SMALL_CONTENT ? bytes : 0 };
    device.inbox.push(entry);
    this.tellOnline(deviceId, device, entry, outcome);
  }

  private replace(
    deviceId: string,
    device: DeviceState,
    { collapseKey, replaces }: Deposit,
    now: number,
  ): void {
    const old = collapseKey === undefined ? undefined : device.collapse.get(collapseKey);
    if (old !== undefined) this.close(deviceId, device, old, 'collapsed', now);
    if (replaces !== undefined) this.close(deviceId, device, replaces, 'collapsed', now);
  }

  /** @returns whether there is room now */
  private makeRoom(deviceId: string, device: DeviceState, { bytes = 0 }: Deposit, now: number): boolean {
    while (this.isFull(device, bytes > SMALL_CONTENT ? bytes : 0)) {
      const oldest = device.inbox.find(({ priority }) => priority === 'normal') ?? device.inbox[0];
      if (this.bounds.policy === 'refuse' || !oldest) return false;
      if (oldest.priority === 'normal') device.floor = oldest.seq;
      this.close(deviceId, device, oldest.notificationId, 'dropped', now);
    }
    return true;
  }

  private isFull({ inbox }: DeviceState, more: number): boolean {
    const { maxEntries, maxBytes, maxAppEntries, maxAppBytes } = this.bounds;
    const { held } = this.state;
    return (
      inbox.length >= maxEntries ||
      bytesOf(inbox) + more > maxBytes ||
      held.length >= maxAppEntries ||
      bytesOf(held) + more > maxAppBytes
    );
  }

  private close(
    deviceId: string,
    device: DeviceState,
    notificationId: string,
    state: DeliveryState,
    at: number,
  ): void {
    const index = device.inbox.findIndex((entry) => entry.notificationId === notificationId);
    if (index < 0) return;
    device.inbox.splice(index, 1);
    this.state.of(notificationId).get(deviceId)?.push({ state, at });
  }

  private tellOnline(deviceId: string, device: DeviceState, entry: InboxEntry, outcome: Outcome): void {
    if (device.connections.length === 0) {
      if (device.hasPushService) outcome.asleep.push(deviceId);
      return;
    }
    const { seq, priority } = entry;
    const before = device.inbox.filter((each) => each.priority === priority && each.seq < seq);
    const previousSeq = before.at(-1)?.seq ?? 0;
    outcome.online.push({ deviceId, seq, previousSeq, connections: [...device.connections] });
  }

  private apply({ deviceId, notificationId, state, at, transport, detail, edge }: DeliveryStep): void {
    const rank = RANK[state];
    const device = this.state.devices.get(deviceId);
    if (rank >= SETTLED && device) {
      device.inbox = device.inbox.filter((entry) => entry.notificationId !== notificationId);
    }
    const steps = this.state.deliveries.get(notificationId)?.get(deviceId);
    if (!steps) return;
    const last = RANK[steps.at(-1)!.state];
    if (rank <= last || (rank === CLOSING && last >= SETTLED)) return;
    const step = {
      at,
      ...(transport !== undefined && { transport }),
      ...(detail !== undefined && { detail }),
      ...(edge !== undefined && { edge }),
    };
    if (rank > SETTLED && rank < CLOSING && last < SETTLED) steps.push({ state: 'acknowledged', ...step });
    steps.push({ state, ...step });
  }
}

interface Outcome {
  asleep: string[];
  deposited: number;
  repeated: number;
  unknown: number;
  moved: string[];
  online: OnlineDeposit[];
}

const bytesOf = (entries: readonly HeldEntry[]): number => entries.reduce((sum, { bytes }) => sum + bytes, 0);

const hasMoved = ({ user, movedAt }: DeviceState, { resolvedAt }: Deposit, owner?: string): boolean =>
  resolvedAt !== undefined && movedAt >= resolvedAt - CLOCK_TOLERANCE && owner !== user;

export class InMemoryPresence extends Presence {
  constructor(
    private readonly state: InMemoryDeviceState,
    policy?: ConnectionPolicy,
  ) {
    super(policy);
  }

  claim(deviceId: string, tokenHash: string, transport: string, edgeId: string): Promise<PresenceClaim> {
    const device = this.state.devices.get(deviceId);
    if (device?.tokenHash !== tokenHash) return Promise.resolve({ ok: false });
    this.state.epoch = Math.max(this.state.epoch + 1, Date.now());
    const { epoch } = this.state;
    const isDisplaced = (connection: Connection): boolean => this.excludes(connection, transport);
    const displaced = device.connections.filter(isDisplaced);
    const kept = device.connections.filter((connection) => !isDisplaced(connection));
    device.connections = [{ transport, edgeId, epoch }, ...kept];
    return Promise.resolve({ ok: true, epoch, waits: device.inbox.length > 0, displaced });
  }

  release(deviceId: string, epoch: number): Promise<void> {
    const device = this.state.devices.get(deviceId);
    if (device) device.connections = device.connections.filter((connection) => connection.epoch !== epoch);
    return Promise.resolve();
  }

  connections(deviceId: string): Promise<readonly Connection[]> {
    return Promise.resolve(this.state.devices.get(deviceId)?.connections ?? []);
  }

  connectionsOf(deviceIds: readonly string[]): Promise<readonly (readonly Connection[])[]> {
    return Promise.all(deviceIds.map((id) => this.connections(id)));
  }
}
