import { createHash } from 'node:crypto';
import type { Session } from '../session/session.js';
import type { Element } from '../stanza/element.js';
import { escapeXml } from '../stanza/escape.js';
import { tellLastItems } from './pep-events.js';
import { NS } from '../stream/namespaces.js';

/** Of the versions of clients that are about; each has some dozens of features. */
const MAX_KNOWN = 1_000;
const MAX_FEATURES = 500;
const ALGORITHMS: Record<string, string> = { 'sha-1': 'sha1', 'sha-256': 'sha256', 'sha-512': 'sha512' };

/** What a client says it can do (XEP-0115 §1.2): by the hash in its presence, which is asked about once. */
export interface ClientCapabilities {
  hash: string;
  ver: string;
  /** undefined until the client has answered. */
  features: ReadonlySet<string> | undefined;
}

/** The features behind the hashes that clients have given, for all sessions of a server. */
export class KnownCapabilities {
  private readonly known = new Map<string, ReadonlySet<string>>();

  find({ hash, ver }: ClientCapabilities): ReadonlySet<string> | undefined {
    return this.known.get(`${hash} ${ver}`);
  }

  add({ hash, ver }: ClientCapabilities, features: ReadonlySet<string>): void {
    const [oldest] = this.known.keys();
    if (this.known.size >= MAX_KNOWN && oldest !== undefined) this.known.delete(oldest);
    this.known.set(`${hash} ${ver}`, features);
  }
}

const QUERY_ID = 'caps';

/** Takes note of the hash in a presence; one that nobody has explained yet is asked about (XEP-0115 §6.2). */
export function onCapabilities(session: Session, presence: Element): void {
  const former = session.capabilities;
  const named = capabilitiesIn(presence);
  if (named && named.ver === former?.ver && named.hash === former.hash) return;
  session.capabilities = named;
  if (!named) return;
  named.features = session.context.capabilities.find(named);
  if (named.features) void tellLastItems(session);
  else session.sendStanza(question(session, presence, named.ver));
}

/** Of a session that comes from another server; nothing is asked. */
export function restoreCapabilities(session: Session, presence: Element): void {
  const named = capabilitiesIn(presence);
  session.capabilities = named && { ...named, features: session.context.capabilities.find(named) };
}

function capabilitiesIn(presence: Element): ClientCapabilities | undefined {
  const { hash, ver, node } = presence.child('c', NS.caps)?.attrs ?? {};
  if (!hash || !ver || !node || !(hash in ALGORITHMS) || ver.length > 128) return undefined;
  return { hash, ver, features: undefined };
}

function question({ context, full }: Session, presence: Element, ver: string): string {
  const { node } = presence.child('c', NS.caps)!.attrs;
  return (
    `<iq type='get' id='${QUERY_ID}' from='${context.options.domain}' to='${escapeXml(full)}'>` +
    `<query xmlns='${NS.discoInfo}' node='${escapeXml(`${node}#${ver}`)}'/></iq>`
  );
}

/** True when it was the answer to our question. A hash that does not fit speaks for this session alone (XEP-0115 §5.4). */
export function onCapabilitiesAnswered(session: Session, iq: Element, id: string): boolean {
  const { capabilities } = session;
  if (id !== QUERY_ID || !capabilities || capabilities.features) return false;
  const query = iq.attrs['type'] === 'result' ? iq.child('query', NS.discoInfo) : undefined;
  capabilities.features = query ? featuresIn(query) : new Set();
  if (query && verificationStringOf(query, capabilities.hash) === capabilities.ver)
    session.context.capabilities.add(capabilities, capabilities.features);
  void tellLastItems(session);
  return true;
}

function featuresIn(query: Element): Set<string> {
  const features = query.elements.filter((element) => element.is('feature', NS.discoInfo));
  return new Set(features.slice(0, MAX_FEATURES).map(({ attrs }) => attrs['var'] ?? ''));
}

/** XEP-0115 §5.1; undefined for what §5.4 calls ill-formed. */
function verificationStringOf(query: Element, hash: string): string | undefined {
  const identities = query.elements.filter((element) => element.name === 'identity').map(identityOf);
  const features = query.elements
    .filter((element) => element.name === 'feature')
    .map(({ attrs }) => `${attrs['var'] ?? ''}<`);
  const forms = query.elements.filter((element) => element.is('x', NS.dataForms)).map(formOf);
  const parts = [identities, features, forms];
  if (features.length > MAX_FEATURES || parts.some((part) => new Set(part).size < part.length))
    return undefined;
  const text = parts.map((part) => part.toSorted(byBytes).join('')).join('');
  return createHash(ALGORITHMS[hash]!).update(text).digest('base64');
}

function identityOf({ attrs, qualified }: Element): string {
  const lang = qualified?.find(({ prefix, local }) => prefix === 'xml' && local === 'lang')?.value ?? '';
  return `${attrs['category'] ?? ''}/${attrs['type'] ?? ''}/${lang}/${attrs['name'] ?? ''}<`;
}

/** Its FORM_TYPE, then its fields by name, each with its values in order. */
function formOf(form: Element): string {
  const fields = form.elements.filter(({ name }) => name === 'field');
  const valuesOf = (field: Element): string[] =>
    field.elements.filter(({ name }) => name === 'value').map(({ text }) => `${text}<`);
  const type = fields.find(({ attrs }) => attrs['var'] === 'FORM_TYPE');
  const others = fields
    .filter((field) => field !== type)
    .map((field) => `${field.attrs['var'] ?? ''}<${valuesOf(field).toSorted(byBytes).join('')}`);
  return (type ? valuesOf(type).join('') : '') + others.toSorted(byBytes).join('');
}

/** The order of i;octet (RFC 4790 §9.3). */
function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
