import { isTimeZone } from '../campaign/wall-clock.js';
import { NOTIFICATION_ID } from '../identifiers.js';
import type { DeviceEvent } from '../ports/device-events.js';

/** Whose report it is and how it came: known from the connection, never read from the body. */
export interface EventSource {
  readonly app: string;
  readonly deviceId: string;
  readonly transport: string;
  /** ms since 1970 */
  readonly at: number;
}

export type ParsedDeviceEvent =
  { readonly ok: true; readonly event: DeviceEvent } | { readonly ok: false; readonly detail: string };

/** Reads a device's report: `{"type":"displayed"|"opened","id":"…"}` or `{"type":"location","lat":…,"lon":…}` or `{"type":"clock","timeZone":"…"}`. */
export function parseDeviceEvent(text: string, source: EventSource): ParsedDeviceEvent {
  const json = parseObject(text);
  if (!json) return { ok: false, detail: 'a device event must be a JSON object' };
  const { type } = json;
  if (type === 'displayed' || type === 'opened') return parseReport(json, type, source);
  if (type === 'location') return parseLocation(json, source);
  if (type === 'clock') return parseClock(json, source);
  return { ok: false, detail: 'type must be one of: displayed, opened, location, clock' };
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json === 'object' && json !== null && !Array.isArray(json))
      return json as Record<string, unknown>;
  } catch {
    // falls through: not JSON
  }
  return undefined;
}

function parseReport(
  json: Record<string, unknown>,
  type: 'displayed' | 'opened',
  source: EventSource,
): ParsedDeviceEvent {
  if (typeof json.id !== 'string' || !NOTIFICATION_ID.test(json.id)) {
    return { ok: false, detail: 'id must be the id of a notification' };
  }
  return { ok: true, event: { ...source, type, notificationId: json.id } };
}

function parseClock({ timeZone }: Record<string, unknown>, source: EventSource): ParsedDeviceEvent {
  if (!isTimeZone(timeZone))
    return { ok: false, detail: 'timeZone must be an IANA time zone, such as Europe/Berlin' };
  return { ok: true, event: { ...source, type: 'clock', timeZone } };
}

function parseLocation(json: Record<string, unknown>, source: EventSource): ParsedDeviceEvent {
  const { lat, lon } = json;
  if (typeof lat !== 'number' || !(Math.abs(lat) <= 90)) {
    return { ok: false, detail: 'lat must be a number from -90 to 90' };
  }
  if (typeof lon !== 'number' || !(Math.abs(lon) <= 180)) {
    return { ok: false, detail: 'lon must be a number from -180 to 180' };
  }
  return { ok: true, event: { ...source, type: 'location', lat, lon } };
}
