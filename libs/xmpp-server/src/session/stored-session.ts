import type { StreamManagement } from '../features/xep-0198-stream-management.js';
import type { StanzaParser } from '../stanza/stanza-parser.js';
import type { Element } from '../stanza/element.js';
import { NS } from '../stream/namespaces.js';
import type { Sent } from './outbound-queue.js';
import type { Session } from './session.js';
import type { Dialect } from './session-state.js';

/** What is kept of a session for another server to go on with. */
export interface StoredSession {
  resource: string;
  dialect: Dialect;
  /** Stanzas from the client that were handled. */
  handled: number;
  /** Stanzas of ours that the client had acknowledged. */
  acknowledged: number;
  /** What was written since, in order. */
  sent: Sent[];
  presence: Element | undefined;
  priority: number;
  carbons: boolean;
}

/** As JSON, with short names: one is written for each push. */
interface Packed {
  r: string;
  d?: 'a';
  h: number;
  a: number;
  s: Sent[];
  p?: string;
  y?: number;
  c?: 1;
}

export function packSession(session: Session, management: StreamManagement): string {
  const { presence, priority, dialect } = session;
  const packed: Packed = {
    r: session.jid.resource,
    d: dialect === 'androidpn' ? 'a' : undefined,
    h: management.handled,
    a: management.acknowledgedCount,
    s: session.window.sent,
    p: presence?.toString(NS.client),
    y: priority === 0 ? undefined : priority,
    c: session.carbons ? 1 : undefined,
  };
  return JSON.stringify(packed);
}

/** undefined for what this version cannot read. */
export function unpackSession(state: string, parser: StanzaParser): StoredSession | undefined {
  try {
    const { r, d, h, a, s, p, y, c } = JSON.parse(state) as Packed;
    return {
      resource: r,
      dialect: d === 'a' ? 'androidpn' : 'xmpp',
      handled: h,
      acknowledged: a,
      sent: s,
      presence: p === undefined ? undefined : parser.parse(p),
      priority: y ?? 0,
      carbons: c === 1,
    };
  } catch {
    return undefined;
  }
}
