import {
  type Delivery,
  type DeliveryCounts,
  type DeliveryState,
  type DeliveryStep,
  DELIVERY_STATES,
  type StepRecord,
} from '../delivery/delivery.js';
import type { Connection } from '../device/device.js';
import {
  type Deposit,
  type DepositOutcome,
  Inbox,
  type InboxEntry,
  type OnlineDeposit,
} from '../ports/inbox.js';
import { Presence, type PresenceClaim } from '../ports/presence.js';

const RANK: Readonly<Record<DeliveryState, number>> = {
  queued: 1,
  written: 2,
  acknowledged: 5,
  displayed: 6,
  opened: 7,
  expired: 9,
  collapsed: 9,
  dropped: 9,
  purged: 9,
  failed: 9,
};
const CLOSING = 9;
const SETTLED = RANK.acknowledged;

interface DeviceState {
  readonly tokenHash: string;
  inbox: InboxEntry[];
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

  addDevice(id: string, tokenHash: string): void {
    this.devices.set(id, { tokenHash, inbox: [], floor: 0, connections: [], collapse: new Map() });
  }

  of(notificationId: string): Map<string, StepRecord[]> {
    const known = this.deliveries.get(notificationId) ?? new Map<string, StepRecord[]>();
    this.deliveries.set(notificationId, known);
    return known;
  }
}

export class InMemoryInbox extends Inbox {
  constructor(
    private readonly state: InMemoryDeviceState,
    private readonly maxEntries = 1_000,
  ) {
    super();
  }

  deposit(deposit: Deposit, deviceIds: readonly string[], now: number): Promise<DepositOutcome> {
    const outcome = { deposited: 0, repeated: 0, unknown: 0, online: [] as OnlineDeposit[] };
    for (const id of deviceIds) {
      const device = this.state.devices.get(id);
      if (!device) outcome.unknown++;
      else if (this.state.of(deposit.notificationId).has(id)) this.repeat(deposit, id, device, outcome);
      else this.add(deposit, id, device, now, outcome);
    }
    return Promise.resolve(outcome);
  }

  read(deviceId: string, after: number, limit: number): Promise<readonly InboxEntry[]> {
    const inbox = this.state.devices.get(deviceId)?.inbox ?? [];
    return Promise.resolve(inbox.filter(({ seq }) => seq > after).slice(0, limit));
  }

  floor(deviceId: string): Promise<number> {
    return Promise.resolve(this.state.devices.get(deviceId)?.floor ?? 0);
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
    this.makeRoom(deviceId, device, collapseKey, now);
    if (collapseKey !== undefined) device.collapse.set(collapseKey, notificationId);
    this.state.seq = Math.max(this.state.seq, now) + 1;
    const entry = { seq: this.state.seq, notificationId };
    device.inbox.push(entry);
    this.tellOnline(deviceId, device, entry, outcome);
  }

  private makeRoom(
    deviceId: string,
    device: DeviceState,
    collapseKey: string | undefined,
    now: number,
  ): void {
    const old = collapseKey === undefined ? undefined : device.collapse.get(collapseKey);
    if (old !== undefined) this.close(deviceId, device, old, 'collapsed', now);
    const oldest = device.inbox[0];
    if (device.inbox.length < this.maxEntries || !oldest) return;
    device.floor = oldest.seq;
    this.close(deviceId, device, oldest.notificationId, 'dropped', now);
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

  private tellOnline(deviceId: string, device: DeviceState, { seq }: InboxEntry, outcome: Outcome): void {
    if (device.connections.length === 0) return;
    const previousSeq = device.inbox.findLast((entry) => entry.seq < seq)?.seq ?? 0;
    outcome.online.push({ deviceId, seq, previousSeq, connections: [...device.connections] });
  }

  private apply({ deviceId, notificationId, state, at, transport, detail }: DeliveryStep): void {
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
    };
    if (rank > SETTLED && rank < CLOSING && last < SETTLED) steps.push({ state: 'acknowledged', ...step });
    steps.push({ state, ...step });
  }
}

type Outcome = { deposited: number; repeated: number; unknown: number; online: OnlineDeposit[] };

export class InMemoryPresence extends Presence {
  constructor(private readonly state: InMemoryDeviceState) {
    super();
  }

  claim(deviceId: string, tokenHash: string, transport: string, edgeId: string): Promise<PresenceClaim> {
    const device = this.state.devices.get(deviceId);
    if (device?.tokenHash !== tokenHash) return Promise.resolve({ ok: false });
    this.state.epoch = Math.max(this.state.epoch + 1, Date.now());
    const { epoch } = this.state;
    const displaced = device.connections.filter((connection) => connection.transport === transport);
    const kept = device.connections.filter((connection) => connection.transport !== transport);
    device.connections = [{ transport, edgeId, epoch }, ...kept];
    return Promise.resolve({ ok: true, epoch, displaced });
  }

  release(deviceId: string, epoch: number): Promise<void> {
    const device = this.state.devices.get(deviceId);
    if (device) device.connections = device.connections.filter((connection) => connection.epoch !== epoch);
    return Promise.resolve();
  }

  connections(deviceId: string): Promise<readonly Connection[]> {
    return Promise.resolve(this.state.devices.get(deviceId)?.connections ?? []);
  }
}
