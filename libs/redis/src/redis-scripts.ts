import { readFileSync } from 'node:fs';
import type { ChainableCommander, Cluster, Redis } from 'ioredis';
import { forManyCalls, forOneCall } from './script-forms.js';

/** Scripts by the name of their file in `scripts/`; each file's header says what it takes and gives. */
const NAMES = [
  'accept-notifications',
  'append-bounded',
  'append-mqtt-log',
  'archive-pushes',
  'begin-fan-out',
  'bury-entry',
  'cancel-notification',
  'change-account',
  'change-campaign',
  'change-segment',
  'change-webhook',
  'checkpoint-mqtt-log',
  'claim-campaigns',
  'claim-caps',
  'claim-due',
  'claim-idempotency',
  'claim-mqtt-session',
  'claim-presence',
  'claim-stream',
  'claim-webhook-batch',
  'close-deliveries',
  'count-receipts',
  'count-registration',
  'delete-campaign',
  'delete-device',
  'delete-mqtt-user',
  'deposit',
  'find-in-turn',
  'find-waiting',
  'finish-fan-out',
  'finish-paced',
  'forget-consumers',
  'forget-expiry',
  'issue-fast-token',
  'join-mqtt-log',
  'leave-mqtt-log',
  'mark-visit',
  'note-activity',
  'pause-notification',
  'place-device',
  'queue-webhook-events',
  'recall-notification',
  'record-steps',
  'release-lease',
  'release-presence',
  'release-stream',
  'renew-lease',
  'replay-dead-letter',
  'replay-webhook-letter',
  'rotate-registration-key',
  'save-streams',
  'settle-idempotency',
  'settle-webhook-batch',
  'take-permits',
  'use-fast-token',
  'write-device',
  'write-mqtt-sessions',
  'write-mqtt-user',
] as const;

export type ScriptName = (typeof NAMES)[number];
export type Argument = string | number | Buffer;
type Command = (keyCount: number, ...args: Argument[]) => Promise<unknown>;

const read = (name: string): string =>
  readFileSync(new URL(`./scripts/${name}.lua`, import.meta.url), 'utf8');

/** Each script, and as it is for many calls at once. */
const SOURCES = NAMES.flatMap((name) => {
  const lua = read(name);
  return [
    { name, lua: forOneCall(lua) },
    { name: manyOf(name), lua: forManyCalls(lua) },
  ];
});

/** The same script for many calls. */
export function manyOf(name: ScriptName): `${ScriptName}-many` {
  return `${name}-many`;
}

/** What ioredis keeps of a client's scripts, and a pipeline of its client. */
interface ScriptHolder {
  readonly scriptsSet: object;
}
interface ScriptPipeline {
  readonly redis: Record<string, Command>;
}

/**
 * Registers every script on a client (EVALSHA, and EVAL where a node does not have it yet). A pipeline would copy all of
 * them, which costs more than the commands that it has: so it sees none, and `addScript` takes them from the client.
 */
export function defineScripts(client: Redis | Cluster): void {
  const { scriptsSet } = client as unknown as ScriptHolder;
  for (const { name, lua } of SOURCES) {
    client.defineCommand(name, { lua });
    Object.defineProperty(scriptsSet, name, { enumerable: false });
  }
}

type AnyScript = ScriptName | ReturnType<typeof manyOf>;

/** Runs a script; in a cluster `keys` must lie in one hash slot. */
export function runScript<Result>(
  client: Redis | Cluster,
  name: AnyScript,
  keys: readonly string[],
  args: readonly Argument[],
): Promise<Result> {
  const command = (client as unknown as Record<string, Command>)[name]!;
  return command.call(client, keys.length, ...keys, ...args) as Promise<Result>;
}

/** As `runScript`, with every string of the reply as the bytes that it is. */
export function runBinaryScript<Result>(
  client: Redis | Cluster,
  name: AnyScript,
  keys: readonly string[],
  args: readonly Argument[],
): Promise<Result> {
  const command = (client as unknown as Record<string, Command>)[`${name}Buffer`]!;
  return command.call(client, keys.length, ...keys, ...args) as Promise<Result>;
}

/** The same as a command of a pipeline. */
export function addScript(
  pipeline: ChainableCommander,
  name: ScriptName,
  keys: readonly string[],
  args: readonly Argument[],
): void {
  const { redis } = pipeline as unknown as ScriptPipeline;
  void redis[name]!.call(pipeline, keys.length, ...keys, ...args);
}
