import { SharedGroup } from './shared-group.js';
import type { Subscription } from './subscription.js';

/** Who subscribed to one filter: a dense array for the way out, and the groups of shared subscriptions. */
export class SubscriberSet {
  readonly members: Subscription[] = [];
  groups: Map<string, SharedGroup> | undefined;

  get empty(): boolean {
    return this.members.length === 0 && this.groups === undefined;
  }

  add(subscription: Subscription): void {
    if (subscription.shareName === undefined) append(this.members, subscription);
    else append(this.group(subscription.shareName, subscription.filter).members, subscription);
  }

  remove(subscription: Subscription): void {
    if (subscription.shareName === undefined) {
      takeOut(this.members, subscription);
      return;
    }
    const group = this.groups?.get(subscription.shareName);
    if (!group) return;
    takeOut(group.members, subscription);
    if (group.members.length === 0) this.groups?.delete(subscription.shareName);
    if (this.groups?.size === 0) this.groups = undefined;
  }

  private group(name: string, share: string): SharedGroup {
    this.groups ??= new Map();
    let group = this.groups.get(name);
    if (!group) this.groups.set(name, (group = new SharedGroup(share)));
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
