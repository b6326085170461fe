/** A Jabber ID in its prepared form (RFC 7622). */
export interface Jid {
  readonly local: string;
  readonly domain: string;
  readonly resource: string;
}

const MAX_PART_BYTES = 1023;

/** ASCII printable but the characters that RFC 7622 §3.3.1 excludes. */
const PLAIN_LOCAL = /^[a-z0-9!#$%()*+,\-.;=?[\]^_`{|}~\\]+$/;
const LOCAL = /^[\p{L}\p{N}\p{M}!#$%()*+,\-.;=?[\]^_`{|}~\\]+$/u;
const DOMAIN = /^(?:[\p{L}\p{N}\p{M}_-]+(?:\.[\p{L}\p{N}\p{M}_-]+)*|\[[0-9a-f:.]+\])$/u;
const PLAIN_RESOURCE = /^[\x20-\x7e]+$/;
const RESOURCE_FORBIDDEN = /[\p{Cc}\p{Cn}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/u;

/**
 * Prepares a localpart as the UsernameCaseMapped profile does (RFC 8265 §3.3): width mapping, case mapping, NFC. Log-in and
 * registration both go through it, so that `Dev` and `dev` are one account.
 */
export function prepareLocal(local: string): string | undefined {
  if (PLAIN_LOCAL.test(local)) return fits(local);
  const prepared = mapWidth(local).toLowerCase().normalize('NFC');
  if (!LOCAL.test(prepared) || prepared.normalize('NFKC') !== prepared) return undefined;
  return fits(prepared);
}

/** Prepares a domainpart: lower case, NFC, without the trailing dot (RFC 7622 §3.2). */
export function prepareDomain(domain: string): string | undefined {
  const prepared = domain.toLowerCase().normalize('NFC').replace(/\.$/, '');
  return DOMAIN.test(prepared) ? fits(prepared) : undefined;
}

/** Prepares a resourcepart as the OpaqueString profile does (RFC 8265 §4.2): other spaces become SPACE, NFC; case stays. */
export function prepareResource(resource: string): string | undefined {
  if (PLAIN_RESOURCE.test(resource)) return fits(resource);
  const prepared = resource.replace(/\p{Zs}/gu, ' ').normalize('NFC');
  if (prepared === '' || RESOURCE_FORBIDDEN.test(prepared)) return undefined;
  return fits(prepared);
}

/** Reads and prepares a JID; undefined when any part is not allowed. */
export function parseJid(text: string): Jid | undefined {
  const slash = text.indexOf('/');
  const bare = slash < 0 ? text : text.slice(0, slash);
  const at = bare.indexOf('@');
  const local = at < 0 ? '' : prepareLocal(bare.slice(0, at));
  const domain = prepareDomain(at < 0 ? bare : bare.slice(at + 1));
  const resource = slash < 0 ? '' : prepareResource(text.slice(slash + 1));
  if (local === undefined || domain === undefined || resource === undefined) return undefined;
  if (at === 0) return undefined;
  return { local, domain, resource };
}

export function bareJid(jid: Jid): string {
  return jid.local === '' ? jid.domain : `${jid.local}@${jid.domain}`;
}

export function fullJid(jid: Jid): string {
  return jid.resource === '' ? bareJid(jid) : `${bareJid(jid)}/${jid.resource}`;
}

function fits(part: string): string | undefined {
  return part.length <= MAX_PART_BYTES && Buffer.byteLength(part) <= MAX_PART_BYTES ? part : undefined;
}

/** Fullwidth and halfwidth characters alone, by their compatibility decomposition. */
function mapWidth(text: string): string {
  return text.replace(/[\uff01-\uffee\u3000]/g, (char) => char.normalize('NFKC'));
}
