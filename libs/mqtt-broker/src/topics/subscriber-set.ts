import { SharedGroup } from './shared-group.js';
import type { Recipient, Subscription } from './subscription.js';

/** Who receives a topic. Valid until the next change of subscriptions. */
export interface Match {
  readonly recipients: readonly Recipient[];
  readonly groups: readonly SharedGroup[];
}

/** Who subscribed to one filter: a set, or where there is one alone, the subscription itself. */
export interface Subscribers extends Match {
  readonly recipients: readonly Subscription[];
}

export const NO_GROUPS: readonly SharedGroup[] = [];

/** Who subscribed to one filter: a dense array for the way out, and the groups of shared subscriptions. */
export class SubscriberSet implements Subscribers {
  readonly recipients: Subscription[] = [];
  private shares: Map<string, SharedGroup> | undefined = undefined;

  get groups(): readonly SharedGroup[] {
    return this.shares ? [...this.shares.values()] : NO_GROUPS;
  }

  get empty(): boolean {
    return this.recipients.length === 0 && this.shares === undefined;
  }

  share(name: string): SharedGroup | undefined {
    return this.shares?.get(name);
  }

  add(subscription: Subscription): void {
    if (subscription.shareName === undefined) append(this.recipients, subscription);
    else append(this.group(subscription.shareName, subscription.filter).members, subscription);
  }

  remove(subscription: Subscription): void {
    if (subscription.shareName === undefined) {
      takeOut(this.recipients, subscription);
      return;
    }
    const group = this.share(subscription.shareName);
    if (!group) return;
    takeOut(group.members, subscription);
    if (group.members.length === 0) this.shares?.delete(subscription.shareName);
    if (this.shares?.size === 0) this.shares = undefined;
  }

  private group(name: string, share: string): SharedGroup {
    this.shares ??= new Map();
    let group = this.shares.get(name);
    if (!group) this.shares.set(name, (group = new SharedGroup(share)));
    return group;
  }
}

function append(members: Subscription[], subscription: Subscription): void {
  subscription.slot = members.length;
  members.push(subscription);
}

/** The last member takes the free place: order among subscribers means nothing. */
function takeOut(members: Subscription[], subscription: Subscription): void {
  if (members[subscription.slot] !== subscription) return;
  const last = members.pop()!;
  if (last === subscription) return;
  members[subscription.slot] = last;
  last.slot = subscription.slot;
}
