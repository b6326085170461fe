import { type Audience, DEVICE_ID, namesOf, type RejectedName, termsOf } from '@carillon/domain';
import type { Store } from '../store.js';
import { devicesOfApp } from './app-devices.js';

type Singly = RejectedName & { readonly kind: Exclude<RejectedName['kind'], 'device'> };

const CHECKED_KINDS = ['user', 'device', 'group', 'segment', 'list'] as const;

/** Names in expressions that stand for nothing: users without a device, groups without a member, and what is not there. */
export class AudienceNames {
  constructor(private readonly store: Store) {}

  /** Of each expression in its order, each once. A name that several have is looked up once. */
  async unknown(app: string, audiences: readonly Audience[]): Promise<RejectedName[][]> {
    const named = audiences.map(checkedNames);
    const all = new Map(named.flatMap((names) => [...names]));
    const known = await this.known(app, [...all.values()]);
    return named.map((names) => [...names].filter(([text]) => !known.has(text)).map(([, each]) => each));
  }

  private async known(app: string, names: readonly RejectedName[]): Promise<Set<string>> {
    const ids = names.flatMap(({ kind, name }) => (kind === 'device' && DEVICE_ID.test(name) ? [name] : []));
    const others = names.filter((each): each is Singly => each.kind !== 'device');
    const [devices, ...exist] = await Promise.all([
      devicesOfApp(this.store, app, ids),
      ...others.map((each) => this.exists(app, each)),
    ]);
    const known = new Set<string>();
    for (const name of devices) known.add(textOf({ kind: 'device', name }));
    for (const [i, each] of others.entries()) if (exist[i]) known.add(textOf(each));
    return known;
  }

  private async exists(app: string, { kind, name }: Singly): Promise<boolean> {
    const { client, keys } = this.store;
    const partition = this.store.partitionOf(name);
    switch (kind) {
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

const textOf = ({ kind, name }: RejectedName): string => `${kind} ${name}`;

function checkedNames(audience: Audience): Map<string, RejectedName> {
  const found = new Map<string, RejectedName>();
  for (const term of termsOf(audience))
    for (const kind of CHECKED_KINDS)
      for (const name of namesOf(term, kind)) found.set(textOf({ kind, name }), { kind, name });
  return found;
}
