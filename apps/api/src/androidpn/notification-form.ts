import {
  claimed,
  DEVICE_ID,
  DEVICE_ID_RULE,
  isUri,
  MAX_TTL,
  NAME,
  NAME_RULE,
  URI_RULE,
} from '@carillon/domain';
import type { SendNotification } from '../notifications/notification.dto.js';
import { faultAt, type Parameters } from './parameters.js';

/** The parameters of `/notification.do` and of its forks. */
export const NOTIFICATION_PARAMETERS = [
  'action',
  'broadcast',
  'username',
  'alias',
  'tags',
  'title',
  'message',
  'uri',
  'image',
  'pushtype',
  'validTime',
] as const;

const EVERYONE = ['Y', '0'];
const TARGETS = ['username', 'alias', 'tags'] as const;

/** What androidpn's parameters ask for, as the API's own request. @throws CarillonError `invalid-request` */
export function notificationOf(form: Parameters): SendNotification {
  if (form.get('action') !== 'send') throw faultAt('action', 'must be send');
  if (!form.has('title') && !form.has('message')) throw faultAt('message', 'or title must be given');
  const [uri, image] = [uriIn(form, 'uri'), uriIn(form, 'image')];
  return {
    audience: audienceOf(form),
    kind: oneOf(form, 'pushtype', ['0', '1']) === '1' ? 'message' : 'notification',
    title: form.get('title') ?? null,
    body: form.get('message') ?? null,
    uri: uri ?? null,
    data: image === undefined ? null : { imageUrl: image },
    ttl: secondsIn(form, 'validTime') ?? null,
  };
}

/** Everybody by default; but whoever names a target and not the kind of it has hardly meant everybody. */
function audienceOf(form: Parameters): object {
  const broadcast = oneOf(form, 'broadcast', ['Y', 'N', '0', '1', '2', '3']);
  if (broadcast === undefined && TARGETS.some((name) => form.has(name)))
    throw faultAt(
      'broadcast',
      'must say for whom: 1 or N for username, 2 for alias, 3 for tags, 0 or Y for all',
    );
  if (broadcast === undefined || EVERYONE.includes(broadcast)) return { everyone: true };
  if (broadcast === '2') return { user: claimed(nameIn(form, 'alias')) };
  if (broadcast === '3') return { tag: tagsIn(form) };
  return { device: deviceIn(form) };
}

function deviceIn(form: Parameters): string {
  // XMPP folds the case of names.
  const id = (form.get('username') ?? '').toLowerCase();
  if (!DEVICE_ID.test(id)) throw faultAt('username', DEVICE_ID_RULE);
  return id;
}

function nameIn(form: Parameters, name: string, text = form.get(name) ?? ''): string {
  if (!NAME.test(claimed(text)) || text === '') throw faultAt(name, NAME_RULE);
  return text;
}

function tagsIn(form: Parameters): string[] {
  const tags = (form.get('tags') ?? '').split(',').map((tag) => tag.trim());
  const named = tags.filter((tag) => tag !== '');
  if (named.length === 0) throw faultAt('tags', 'must be one or more names with commas between');
  return [...new Set(named.map((tag) => claimed(nameIn(form, 'tags', tag))))];
}

function uriIn(form: Parameters, name: string): string | undefined {
  const uri = form.get(name);
  if (uri === undefined || isUri(uri)) return uri;
  throw faultAt(name, URI_RULE);
}

function secondsIn(form: Parameters, name: string): number | undefined {
  const text = form.get(name);
  if (text === undefined) return undefined;
  const seconds = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (seconds <= MAX_TTL) return seconds;
  throw faultAt(name, `must be a whole number from 0 to ${MAX_TTL} (seconds)`);
}

function oneOf(form: Parameters, name: string, choices: readonly string[]): string | undefined {
  const given = form.get(name);
  if (given === undefined || choices.includes(given)) return given;
  throw faultAt(name, `must be one of: ${choices.join(', ')}`);
}
