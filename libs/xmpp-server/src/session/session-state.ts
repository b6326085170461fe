import type { ClientCapabilities } from '../features/xep-0115-client-capabilities.js';
import { ClientState } from '../features/xep-0352-client-state.js';
import type { PeerInfo, XmppServerHooks, XmppSession } from '../hooks.js';
import { bareJid, fullJid, type Jid } from '../jid/jid.js';
import type { Contact } from '../options.js';
import type { ServerContext } from '../server-context.js';
import type { Element } from '../stanza/element.js';

export type Dialect = XmppSession['dialect'];

/** Who a session belongs to. */
export interface SessionIdentity {
  jid: Jid;
  principal: unknown;
  dialect: Dialect;
}

/** Whose a session is, and what its client has said of itself. */
export abstract class SessionState {
  readonly jid: Jid;
  readonly principal: unknown;
  readonly dialect: Dialect;
  readonly bare: string;
  readonly full: string;
  readonly contact: Contact;
  readonly clientState = new ClientState();
  /** The last presence that was broadcast; undefined while unavailable. */
  presence: Element | undefined;
  priority = 0;
  /** Wants copies of what other resources send and get (XEP-0280). */
  carbons = false;
  /** Asked for its block list, and is told of changes (XEP-0191). */
  watchesBlockList = false;
  /** What the client said it can do, or is being asked about. */
  capabilities: ClientCapabilities | undefined;
  /** IQ pushes that an androidpn client answered once; few sessions have any. */
  answeredIds: Set<string> | undefined;
  /** When the connection was lost, in ms. */
  detachedAt = 0;
  /** When the state was last saved for other servers, in ms. */
  savedAt = 0;

  constructor(
    readonly context: ServerContext,
    { jid, principal, dialect }: SessionIdentity,
    /** Of the present connection, or the last. */
    public peer: PeerInfo,
  ) {
    this.jid = jid;
    this.principal = principal;
    this.dialect = dialect;
    this.bare = bareJid(jid);
    this.full = fullJid(jid);
    this.contact = context.options.contactOf(principal);
  }

  get available(): boolean {
    return this.presence !== undefined;
  }

  get contactJid(): string {
    return `${this.contact.local}@${this.context.options.domain}`;
  }

  get hooks(): XmppServerHooks {
    return this.context.options.hooks;
  }

  supports(feature: string): boolean {
    return this.capabilities?.features?.has(feature) ?? false;
  }
}
