import { Injectable } from '@nestjs/common';
import { type Deposit, type DepositOutcome, Inbox, type Notification } from '@carillon/domain';
import { type Counter, Metrics } from '@carillon/observability';
import { AudienceResolver, depositOf, Dispatcher } from '@carillon/persistence';
import { Preparation } from '../content/preparation.js';
import { PushRequests } from '../webhooks/push-requests.js';

/** A device that changes hands so often while one page is deposited is being played with. */
const MAX_MOVES = 10;
const OUTCOMES = ['deposited', 'repeated', 'unknown'] as const;

/** Puts a notification into inboxes, and tells the edges of devices that are connected. */
@Injectable()
export class Depositor {
  private readonly deposits: Counter<'outcome'>;

  constructor(
    private readonly audience: AudienceResolver,
    private readonly inbox: Inbox,
    private readonly dispatcher: Dispatcher,
    private readonly preparation: Preparation,
    private readonly pushRequests: PushRequests,
    metrics: Metrics,
  ) {
    this.deposits = metrics.counter({
      name: 'deposits_total',
      help: 'Deliveries put into inboxes, by outcome',
      labels: ['outcome'],
    });
  }

  /**
   * @param deviceIds of one partition
   * @param resolvedAt when the audience's devices were looked up, or before
   */
  async deposit(notification: Notification, deviceIds: readonly string[], resolvedAt: number): Promise<void> {
    const deposit = { ...depositOf(notification), resolvedAt };
    let moved = await this.put(notification, deposit, deviceIds);
    for (let round = 0; moved.length > 0; round++) {
      if (round > MAX_MOVES) throw new Error('devices change hands faster than they can be looked up');
      const owners = await this.audience.owners(moved);
      // After their owners: who changes hands in between is told again.
      const { app, audience } = notification;
      const members = await this.audience.matchingOf(app, audience, moved);
      moved = await this.put(notification, deposit, members, owners);
    }
  }

  /** @returns devices that changed hands: whether they belong to the audience has to be asked again */
  private async put(
    notification: Notification,
    deposit: Deposit,
    deviceIds: readonly string[],
    owners?: ReadonlyMap<string, string>,
  ): Promise<readonly string[]> {
    const prepared = await this.preparation.prepare(notification, deviceIds);
    if (prepared.deviceIds.length === 0) return [];
    const outcome = await this.inbox.deposit(deposit, prepared.deviceIds, Date.now(), owners);
    this.count(outcome);
    await this.dispatcher.dispatch(notification, outcome.online, prepared.contents);
    await this.pushRequests.deposited(notification, outcome.asleep);
    return outcome.moved;
  }

  private count(outcomes: Pick<DepositOutcome, (typeof OUTCOMES)[number]>): void {
    for (const outcome of OUTCOMES)
      if (outcomes[outcome] > 0) this.deposits.inc({ outcome }, outcomes[outcome]);
  }
}
