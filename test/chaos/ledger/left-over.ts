import type { Violation } from './checker.js';

/** A key as it lies in Redis; `ttl` in ms, -1 without an expiry. */
export interface FoundKey {
  /** Without the installation's prefix. */
  readonly name: string;
  readonly ttl: number;
  /** How many members, fields or entries it has. */
  readonly size: number;
  /** Members or fields that name an owner; of a stream, consumers that are gone. */
  readonly members: readonly string[];
}

/** Who may own keys at the end of a run, when all is delivered and no device is connected. */
export interface Owners {
  readonly edges: ReadonlySet<string>;
  readonly devices: ReadonlySet<string>;
  readonly webhooks: ReadonlySet<string>;
}

interface Rule {
  readonly names: RegExp;
  /** Says what is wrong with a key of these names, if anything is. */
  readonly fault: (key: FoundKey, owners: Owners, match: RegExpExecArray) => string | undefined;
}

const fine = (): undefined => undefined;
const expires = ({ ttl }: FoundKey): string | undefined => (ttl < 0 ? 'has no expiry' : undefined);
const isEmpty = ({ size }: FoundKey): string | undefined => (size > 0 ? `holds ${size}` : undefined);
const isRead = (key: FoundKey): string | undefined =>
  isEmpty(key) ??
  (key.members.length > 0 ? `has consumers that are gone: ${key.members.join(', ')}` : undefined);
const owned =
  (kind: keyof Owners) =>
  (_key: FoundKey, owners: Owners, [, owner = '']: RegExpExecArray): string | undefined =>
    owners[kind].has(owner) ? undefined : 'has no owner';
const membersOwned =
  (kind: keyof Owners) =>
  ({ members }: FoundKey, owners: Owners): string | undefined => {
    const strangers = members.filter((member) => !owners[kind].has(member));
    return strangers.length > 0 ? `has members of nobody: ${strangers.join(', ')}` : undefined;
  };

/** docs/redis-schema.md, as it has to look at rest. A key that no rule knows is a fault too. */
const RULES: readonly Rule[] = [
  {
    names:
      /^\{sys\}:(install|keys:.+|key:.+|regkeys?:.+|webhooks|mqtt-users?(:.+)?|(segments|lists|geofences|templates|caps):.+)$/,
    fault: fine,
  },
  { names: /^\{sys\}:webhook:(.+)$/, fault: owned('webhooks') },
  { names: /^\{sys\}:edges$/, fault: membersOwned('edges') },
  { names: /^\{sys\}:lease:/, fault: expires },
  { names: /^\{e:(.+)\}:dispatch$/, fault: expires },
  {
    names: /^\{w:(.+)\}:(events|batches|due|dead)$/,
    fault: (key, owners, match) => isEmpty(key) ?? owned('webhooks')(key, owners, match),
  },
  { names: /^\{w:(.+)\}:state$/, fault: owned('webhooks') },
  { names: /^\{mqtt\}:(log|retained|retained:expiry|shares)$/, fault: fine },
  { names: /^\{mqtt\}:brokers$/, fault: membersOwned('edges') },
  { names: /^\{l\d+\}:(ntf|idem):/, fault: expires },
  { names: /^\{l\d+\}:(intake|fan-out|device-events)(:dead)?$/, fault: isRead },
  { names: /^\{l\d+\}:turn:/, fault: () => 'names something that was not deposited' },
  { names: /^\{l\d+\}:(due|paced|campaigns-due)$/, fault: isEmpty },
  { names: /^\{l\d+\}:(campaign|campaigns|fence-campaigns):/, fault: fine },
  { names: /^\{p\d+\}:dev:(.+)$/, fault: owned('devices') },
  { names: /^\{p\d+\}:(inbox):/, fault: isEmpty },
  {
    names: /^\{p\d+\}:(clp|dlv|stats|stream|fast|registrations|archive|wait|track|contents|capped):/,
    fault: expires,
  },
  { names: /^\{p\d+\}:account:(.+)$/, fault: owned('devices') },
  { names: /^\{p\d+\}:visits:(.+)$/, fault: owned('devices') },
  { names: /^\{p\d+\}:long-visits$/, fault: isEmpty },
  { names: /^\{p\d+\}:(seq|epoch)$/, fault: fine },
  { names: /^\{p\d+\}:online$/, fault: isEmpty },
  { names: /^\{p\d+\}:held$/, fault: ({ members }) => heldFault(members) },
  { names: /^\{p\d+\}:expiry$/, fault: fine },
  { names: /^\{p\d+\}:receipts(:dead)?$/, fault: isRead },
  { names: /^\{p\d+\}:(moved|push)$/, fault: membersOwned('devices') },
  { names: /^\{p\d+\}:app:[^:]+:(all|tag:.+|group:.+|geo)$/, fault: membersOwned('devices') },
  {
    names: /^\{p\d+\}:app:[^:]+:(members|list|list-by-user|list-users|lists-with-users)(:.+)?$/,
    fault: fine,
  },
  { names: /^\{p\d+\}:app:[^:]+:user:.+$/, fault: membersOwned('devices') },
  { names: /^\{p\d+\}:mqtt:(?:session|messages):(.+)$/, fault: owned('devices') },
  { names: /^\{p\d+\}:mqtt:held:(.+)$/, fault: owned('edges') },
];

/** Fields and values, one behind the other: at rest no app holds entries. */
function heldFault(fields: readonly string[]): string | undefined {
  const held = fields.filter((_, i) => i % 2 === 0 && fields[i + 1] !== '0');
  return held.length > 0 ? `still counts ${held.join(', ')}` : undefined;
}

export function leftOver(keys: readonly FoundKey[], owners: Owners): Violation[] {
  return keys.flatMap((key) => {
    const fault = faultOf(key, owners);
    return fault === undefined ? [] : [{ rule: 'left over', detail: `${key.name} ${fault}` }];
  });
}

function faultOf(key: FoundKey, owners: Owners): string | undefined {
  for (const { names, fault } of RULES) {
    const match = names.exec(key.name);
    if (match) return fault(key, owners, match);
  }
  return 'is of no known kind';
}
