import { type IntakeEvent, type Notification, turnOf } from '@carillon/domain';
import { runScript } from '@carillon/redis';
import { byShard, type Store } from '../store.js';
import { forgetAt, pushFields } from './notification-record.js';

/** What makes a repeated request recognisable: digests (hex) of the caller's key and of the request. */
export interface Idempotency {
  readonly keyHash: string;
  readonly digest: string;
}

export interface Acceptance {
  readonly outcome: 'accepted' | 'replayed' | 'mismatch';
  /** The id of the notification that stands: the new one, or that of the first request. */
  readonly id: string;
}

export interface Accepting {
  readonly notification: Notification;
  readonly idempotency?: Idempotency | undefined;
}

interface Waiting extends Accepting {
  readonly resolve: (acceptance: Acceptance) => void;
  readonly reject: (error: unknown) => void;
}

/** For how long the order of a turn is remembered after the last one was accepted, s: far longer than work is delayed. */
const TURN_LIFE = 3_600;
/** So many are written by one script at the most: Redis does nothing else meanwhile. */
const MAX_AT_ONCE = 64;

/** For how long an idempotency key is remembered, s. */
export const IDEMPOTENCY_RETENTION = 48 * 3_600;

/** Writes notifications and puts them on their way: what is accepted in one turn of the event loop by one script a lane. */
export class Acceptor {
  private waiting: Waiting[] = [];

  constructor(private readonly store: Store) {}

  accept(notification: Notification, idempotency?: Idempotency): Promise<Acceptance> {
    return new Promise((resolve, reject) => {
      if (this.waiting.length === 0) process.nextTick(() => this.acceptWaiting());
      this.waiting.push({ notification, idempotency, resolve, reject });
    });
  }

  /** In the order of `items`; those of one lane are accepted in it, too. */
  async acceptAll(items: readonly Accepting[]): Promise<Acceptance[]> {
    const acceptances = new Map<Accepting, Acceptance>();
    const settled = this.chunksOf(items).map(async ({ lane, chunk }) => {
      const accepted = await this.write(lane, chunk);
      chunk.forEach((item, i) => acceptances.set(item, accepted[i]!));
    });
    await Promise.all(settled);
    return items.map((item) => acceptances.get(item)!);
  }

  private acceptWaiting(): void {
    const { waiting } = this;
    this.waiting = [];
    for (const { lane, chunk } of this.chunksOf(waiting))
      this.write(lane, chunk).then(
        (acceptances) => chunk.forEach(({ resolve }, i) => resolve(acceptances[i]!)),
        (error: unknown) => chunk.forEach(({ reject }) => reject(error)),
      );
  }

  private chunksOf<Item extends Accepting>(items: readonly Item[]): { lane: number; chunk: Item[] }[] {
    const lanes = byShard(items, ({ notification }) => this.store.laneOf(notification.id));
    return [...lanes].flatMap(([lane, own]) =>
      Array.from({ length: Math.ceil(own.length / MAX_AT_ONCE) }, (_, i) => ({
        lane,
        chunk: own.slice(i * MAX_AT_ONCE, (i + 1) * MAX_AT_ONCE),
      })),
    );
  }

  private async write(lane: number, items: readonly Accepting[]): Promise<Acceptance[]> {
    const { client, keys } = this.store;
    const names = [keys.intake(lane), keys.due(lane)];
    const args: (string | number)[] = [IDEMPOTENCY_RETENTION, TURN_LIFE];
    for (const item of items) this.add(lane, item, names, args);
    const reply = await runScript<string[]>(client, 'accept-notifications', names, args);
    return items.map((_, i) => ({ outcome: reply[2 * i] as Acceptance['outcome'], id: reply[2 * i + 1]! }));
  }

  private add(
    lane: number,
    { notification, idempotency }: Accepting,
    names: string[],
    args: (string | number)[],
  ): void {
    const { keys } = this.store;
    const { id, app, at, acceptedAt } = notification;
    const key = keys.notification(lane, id);
    const turn = turnOf(notification);
    const event: IntakeEvent = { notificationId: id, turn };
    names.push(
      key,
      idempotency ? keys.idempotency(lane, app, idempotency.keyHash) : key,
      turn === undefined ? key : keys.turn(lane, turn),
    );
    const given = [
      id,
      idempotency?.digest ?? '',
      at > acceptedAt ? String(at) : '',
      String(forgetAt(notification)),
      turn === undefined ? '' : '1',
      JSON.stringify(event),
    ];
    pushFields(given, notification);
    args.push(JSON.stringify(given));
  }
}
