import { bindRefused } from './rfc6120-bind.js';
import { roster } from './rfc6121-roster.js';
import { accountDisco, contactDisco, serverCaps, serverDisco } from './xep-0030-service-discovery.js';
import { privateXml } from './xep-0049-private-xml.js';
import { vcard } from './xep-0054-vcard.js';
import { registered } from './xep-0077-registration.js';
import { version } from './xep-0092-software-version.js';
import { personalEventing } from './xep-0163-personal-eventing.js';
import { blocking } from './xep-0191-blocking.js';
import { ping } from './xep-0199-ping.js';
import { time } from './xep-0202-entity-time.js';
import { carbons } from './xep-0280-carbons.js';
import { archive } from './xep-0313-archive.js';
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
  blocking,
  ping,
  time,
  carbons,
  archive,
  androidpn,
];

const serverVars = FEATURES.flatMap((feature) => feature.vars ?? []);
const DISCO: readonly Feature[] = [serverDisco(serverVars), accountDisco(accountVars), contactDisco()];

const handlers = new Map<string, IqHandler>();
for (const handler of [...FEATURES, ...DISCO].flatMap((feature) => feature.iq ?? [])) {
  for (const target of handler.at) handlers.set(key(target, handler.type, handler.ns, handler.name), handler);
}

function accountVars(options: ResolvedOptions): string[] {
  const offered = FEATURES.filter((feature) => feature.offered?.(options) ?? true);
  return offered.flatMap((feature) => feature.accountVars ?? []);
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

/** What the server announces of itself among the stream features. */
export function capsFeature(software: string): string {
  return serverCaps(serverVars, software);
}
