import { bindRefused } from './rfc6120-bind.js';
import { roster } from './rfc6121-roster.js';
import { accountDisco, contactDisco, serverCaps, serverDisco } from './xep-0030-service-discovery.js';
import { privateXml } from './xep-0049-private-xml.js';
import { vcard } from './xep-0054-vcard.js';
import { registered } from './xep-0077-registration.js';
import { version } from './xep-0092-software-version.js';
import { nodeOwner } from './xep-0060-node-owner.js';
import { personalEventing } from './xep-0163-personal-eventing.js';
import { blocking } from './xep-0191-blocking.js';
import { ping } from './xep-0199-ping.js';
import { time } from './xep-0202-entity-time.js';
import { carbons } from './xep-0280-carbons.js';
import { archive } from './xep-0313-archive.js';
import { pushServices } from './xep-0357-push.js';
import { offlineMessages } from './xep-0160-offline-messages.js';
import { androidpn } from './androidpn.js';
import type { ResolvedOptions } from '../options.js';
import type { Feature, IqHandler, IqRequest, PendingIqReply } from './feature.js';

const FEATURES: readonly Feature[] = [
  bindRefused,
  roster,
  privateXml,
  vcard,
  registered,
  version,
  personalEventing,
  nodeOwner,
  blocking,
  ping,
  time,
  carbons,
  archive,
  offlineMessages,
  pushServices,
  androidpn,
];

const DISCO: readonly Feature[] = [serverDisco(serverVars), accountDisco(accountVars), contactDisco()];

const handlers = new Map<string, IqHandler>();
for (const handler of [...FEATURES, ...DISCO].flatMap((feature) => feature.iq ?? [])) {
  for (const target of handler.at) handlers.set(key(target, handler.type, handler.ns, handler.name), handler);
}

function serverVars(options: ResolvedOptions): string[] {
  return offeredBy(options).flatMap((feature) => feature.vars ?? []);
}

function accountVars(options: ResolvedOptions): string[] {
  return offeredBy(options).flatMap((feature) => feature.accountVars ?? []);
}

function offeredBy(options: ResolvedOptions): readonly Feature[] {
  return FEATURES.filter((feature) => feature.offered?.(options) ?? true);
}

/** What nobody answers is refused (RFC 6120 §8.3.3.19). */
export function answerIq(request: IqRequest): PendingIqReply {
  const { payload, target, iq } = request;
  const handler = handlers.get(key(target, iq.attrs['type']!, payload.ns, payload.name));
  return handler ? handler.handle(request) : { error: 'service-unavailable' };
}

function key(target: string, type: string, ns: string, name: string): string {
  return `${target} ${type} ${name} ${ns}`;
}

/** What the server announces of itself among the stream features: the same for every client. */
export function capsFeature(options: ResolvedOptions): string {
  const known = capsOf.get(options) ?? serverCaps(serverVars(options), options.software.name);
  capsOf.set(options, known);
  return known;
}

const capsOf = new WeakMap<ResolvedOptions, string>();
