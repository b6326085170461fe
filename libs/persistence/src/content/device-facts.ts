import type { AttributeValue } from '@carillon/domain';
import { resultsOf, type Store } from '../store.js';

/** What a text, a cap or a turn may depend on. */
export interface DeviceFacts {
  readonly id: string;
  readonly user?: string;
  readonly platform?: string;
  readonly locale?: string;
  readonly appVersion?: string;
  readonly timeZone?: string;
  readonly activity?: string;
  /** Those that were asked for and are there. */
  readonly attributes: Readonly<Record<string, AttributeValue>>;
}

const FIELDS = ['app', 'user', 'platform', 'locale', 'appVersion', 'timeZone', 'hours'] as const;

/**
 * Reads some of many devices' records.
 * @param deviceIds of one partition
 * @returns by id; who is no device is left out
 */
export async function readDeviceFacts(
  store: Store,
  deviceIds: readonly string[],
  attributes: readonly string[] = [],
): Promise<Map<string, DeviceFacts>> {
  if (deviceIds.length === 0) return new Map();
  const partition = store.partitionOf(deviceIds[0]!);
  const names = [...FIELDS, ...attributes.map((name) => `a:${name}`)];
  const pipeline = store.client.pipeline();
  for (const id of deviceIds) pipeline.hmget(store.keys.device(partition, id), ...names);
  const rows = resultsOf(await pipeline.exec()) as (string | null)[][];
  const facts = rows.map((row, i) => factsOf(deviceIds[i]!, row, attributes));
  return new Map(facts.flatMap((each) => (each ? [[each.id, each]] : [])));
}

function factsOf(
  id: string,
  row: readonly (string | null)[],
  attributes: readonly string[],
): DeviceFacts | undefined {
  const [app, user, platform, locale, appVersion, timeZone, activity, ...values] = row;
  if (app === null) return undefined;
  return {
    id,
    ...(user && { user }),
    ...(platform && { platform }),
    ...(locale && { locale }),
    ...(appVersion && { appVersion }),
    ...(timeZone && { timeZone }),
    ...(activity && { activity }),
    attributes: Object.fromEntries(
      attributes.flatMap((name, i) => {
        const json = values[i];
        return json ? [[name, JSON.parse(json) as AttributeValue]] : [];
      }),
    ),
  };
}
