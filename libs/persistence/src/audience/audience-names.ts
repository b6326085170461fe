import { type Audience, DEVICE_ID, namesOf, type RejectedName, termsOf } from '@carillon/domain';
import type { Store } from '../store.js';
import { devicesOfApp } from './app-devices.js';

const CHECKED_KINDS = ['user', 'device', 'group', 'segment', 'list'] as const;

/** Names in an expression that stand for nothing: users without a device, groups without a member, and what is not there. */
export class AudienceNames {
  constructor(private readonly store: Store) {}

  /** In the order of the expression, each once. */
  async unknown(app: string, audience: Audience): Promise<RejectedName[]> {
    const named = new Map<string, RejectedName>();
    for (const term of termsOf(audience))
      for (const kind of CHECKED_KINDS)
        for (const name of namesOf(term, kind)) named.set(`${kind} ${name}`, { kind, name });
    const names = [...named.values()];
    const ids = names.filter(({ kind, name }) => kind === 'device' && DEVICE_ID.test(name));
    const devices = await devicesOfApp(
      this.store,
      app,
      ids.map(({ name }) => name),
    );
    const known = await Promise.all(names.map((each) => this.isKnown(app, each, devices)));
    return names.filter((_, i) => !known[i]);
  }

  private async isKnown(
    app: string,
    { kind, name }: RejectedName,
    devices: ReadonlySet<string>,
  ): Promise<boolean> {
    const { client, keys } = this.store;
    const partition = this.store.partitionOf(name);
    switch (kind) {
      case 'device':
        return devices.has(name);
      case 'user':
        return (await client.exists(keys.userDevices(partition, app, name))) === 1;
      case 'group':
        return (await client.exists(keys.groupMembers(partition, app, name))) === 1;
      case 'segment':
        return (await client.hexists(keys.segments(app), name)) === 1;
      case 'list':
        return (await client.hexists(keys.lists(app), name)) === 1;
    }
  }
}
