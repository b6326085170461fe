import type { Position } from '../hooks.js';
import type { Element } from '../stanza/element.js';
import { NS } from '../stream/namespaces.js';

/** A position sent to the app inside a message. */
export function positionIn(message: Element): Position | undefined {
  const geoloc = message.child('geoloc', NS.geoloc);
  return geoloc && readPosition(geoloc);
}

/** Reads `<geoloc/>` (XEP-0080 §2); undefined without a valid latitude and longitude. */
export function readPosition(geoloc: Element): Position | undefined {
  const lat = readNumber(geoloc, 'lat');
  const lon = readNumber(geoloc, 'lon');
  if (lat === undefined || lon === undefined || Math.abs(lat) > 90 || Math.abs(lon) > 180) return undefined;
  return {
    lat,
    lon,
    accuracy: readNumber(geoloc, 'accuracy'),
    altitude: readNumber(geoloc, 'alt'),
    timestamp: geoloc.childText('timestamp'),
  };
}

function readNumber(geoloc: Element, name: string): number | undefined {
  const text = geoloc.childText(name)?.trim();
  return text !== undefined && /^[+-]?\d{1,12}(?:\.\d{1,20})?$/.test(text) ? Number(text) : undefined;
}
