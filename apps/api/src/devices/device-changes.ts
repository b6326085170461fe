import { type DevicePosition, parseInstant } from '@carillon/domain';
import type { DeviceChanges } from '@carillon/persistence';
import type { PatchDevice, PositionFields, PutDevice } from './device.dto.js';

/** PUT: what is not given is emptied. */
export function replacing(fields: PutDevice, now: number): DeviceChanges {
  return {
    user: fields.user ?? null,
    platform: fields.platform ?? null,
    locale: fields.locale ?? null,
    appVersion: fields.appVersion ?? null,
    timeZone: fields.timeZone ?? null,
    tags: unique(fields.tags ?? []),
    attributes: fields.attributes ?? {},
    autoSubscribe: fields.autoSubscribe ?? false,
    keepPositions: fields.keepPositions ?? false,
    position: fields.position ? toPosition(fields.position, now) : null,
  };
}

/** PATCH: what is not given stays, null empties. */
export function patching(fields: PatchDevice, now: number): DeviceChanges {
  const { user, platform, locale, appVersion, tags, attributes, autoSubscribe, keepPositions, position } =
    fields;
  return {
    user,
    platform,
    locale,
    appVersion,
    timeZone: fields.timeZone,
    tags: tags === null ? [] : tags && unique(tags),
    ...(attributes === null ? { attributes: {} } : { attributePatch: attributes }),
    autoSubscribe: autoSubscribe === null ? false : autoSubscribe,
    keepPositions: keepPositions === null ? false : keepPositions,
    position: position && toPosition(position, now),
  };
}

export const toPosition = ({ lat, lon, at }: PositionFields, now: number): DevicePosition => ({
  lat,
  lon,
  at: (at === undefined ? undefined : parseInstant(at)) ?? now,
});

const unique = (names: readonly string[]): string[] => [...new Set(names)];
