import type { PeerInfo } from '../hooks.js';
import type { HeaderAttributes } from '../stream/framing.js';
import { NS } from '../stream/namespaces.js';
import type { BoshLimits } from './bosh-limits.js';
import { bodyOf } from './response.js';
import type { SessionTerms } from './session-terms.js';

interface Introduced {
  terms: SessionTerms;
  limits: BoshLimits;
  peer: PeerInfo;
  /** Of the stream, once there is one. */
  header: HeaderAttributes | undefined;
}

const DECLARATIONS = ` xmlns:xmpp='${NS.xbosh}' xmlns:stream='${NS.streams}' xmpp:version='1.0' xmpp:restartlogic='true'`;

/** The answer to the request that began a session (XEP-0124 §7.2, XEP-0206 §5). */
export function introduce(
  { id }: { readonly id: string },
  { terms, limits, peer, header }: Introduced,
  payload: string,
): string {
  const attributes = {
    sid: id,
    wait: terms.wait,
    requests: terms.requests,
    hold: terms.hold,
    inactivity: limits.inactivitySeconds,
    polling: limits.pollingSeconds,
    maxpause: limits.maxPauseSeconds,
    ver: terms.version,
    ack: terms.firstRid,
    from: header?.from,
    authid: header?.id,
    secure: peer.secure ? 'true' : undefined,
    charsets: 'UTF-8',
  };
  return bodyOf(attributes, payload, DECLARATIONS);
}
