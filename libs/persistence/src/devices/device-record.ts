import type {
  AttributeValue,
  Device,
  DeviceCredentials,
  DevicePosition,
  KnownDevice,
  ScramKeys,
} from '@carillon/domain';

/**
 * A device's hash. Single values have a field each; tags are `t:NAME`, attributes `a:NAME` (JSON) and groups `g:NAME`, whose
 * value says why it belongs: 1 itself, 2 by its user, 3 both.
 */
export type DeviceFields = Readonly<Record<string, string>>;

export const MEMBER_ITSELF = 1;
export const MEMBER_BY_USER = 2;

export function toDevice(id: string, fields: DeviceFields): Device {
  return {
    id,
    app: fields.app!,
    ...(fields.user !== undefined && { user: fields.user }),
    ...(fields.platform !== undefined && { platform: fields.platform }),
    ...(fields.locale !== undefined && { locale: fields.locale }),
    ...(fields.appVersion !== undefined && { appVersion: fields.appVersion }),
    ...(fields.timeZone !== undefined && { timeZone: fields.timeZone }),
    ...(fields.hours !== undefined && { activity: fields.hours }),
    tags: named(fields, 't:').map(([name]) => name),
    attributes: Object.fromEntries(
      named(fields, 'a:').map(([name, json]) => [name, JSON.parse(json) as AttributeValue]),
    ),
    autoSubscribe: fields.autoSubscribe === '1',
    selfRegistered: fields.self === '1',
    ...(fields.track === '1' && { keepPositions: true }),
    ...(fields.lat !== undefined && { position: positionOf(fields) }),
    groups: named(fields, 'g:').map(([name]) => name),
    ...(fields.seen !== undefined && { lastSeen: Number(fields.seen) }),
    createdAt: Number(fields.createdAt),
    updatedAt: Number(fields.updatedAt),
  };
}

export function toLogin(id: string, fields: DeviceFields): KnownDevice {
  return {
    id,
    app: fields.app!,
    ...(fields.user !== undefined && { user: fields.user }),
    autoSubscribe: fields.autoSubscribe === '1',
    credentials: {
      tokenHash: fields.token!,
      scramSha1: parseScram([fields.scram1, fields.scram1Server]),
      scramSha256: parseScram([fields.scram256, fields.scram256Stored, fields.scram256Server]),
    },
  };
}

/**
 * SCRAM keys stand in several fields, none longer than 64 bytes: one that is longer would make Redis keep the whole record as a hash table, which takes
 * three times the memory of a listpack.
 */
export const CREDENTIAL_FIELDS = [
  'token',
  'scram1',
  'scram1Server',
  'scram256',
  'scram256Stored',
  'scram256Server',
] as const;
export const LOGIN_FIELDS = ['app', 'user', 'autoSubscribe', ...CREDENTIAL_FIELDS] as const;

export function credentialFields({
  tokenHash,
  scramSha1,
  scramSha256,
}: DeviceCredentials): Record<string, string> {
  return {
    token: tokenHash,
    scram1: `${scramSha1.salt} ${scramSha1.iterations} ${scramSha1.storedKey}`,
    scram1Server: scramSha1.serverKey,
    scram256: `${scramSha256.salt} ${scramSha256.iterations}`,
    scram256Stored: scramSha256.storedKey,
    scram256Server: scramSha256.serverKey,
  };
}

/** The names and values of the fields with a prefix, sorted by name. */
export function named(fields: DeviceFields, prefix: string): [string, string][] {
  return Object.entries(fields)
    .filter(([field]) => field.startsWith(prefix))
    .map(([field, value]): [string, string] => [field.slice(prefix.length), value])
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

function positionOf(fields: DeviceFields): DevicePosition {
  return { lat: Number(fields.lat), lon: Number(fields.lon), at: Number(fields.positionAt) };
}

/** The fields in their order say salt, iterations, stored key and server key. */
function parseScram(stored: readonly (string | undefined)[]): ScramKeys {
  const [salt = '', iterations = '0', storedKey = '', serverKey = ''] = stored.join(' ').split(' ');
  return { salt, iterations: Number(iterations), storedKey, serverKey };
}
