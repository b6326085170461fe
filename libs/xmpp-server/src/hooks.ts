import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import type { Element } from './stanza/element.js';
import type { StanzaError, StanzaErrorCondition, StanzaErrorType } from './stanza/stanza-error.js';
import type { StreamErrorCondition } from './stream/stream-error.js';
import type { Jid } from './jid/jid.js';

/** Where a connection comes from, as the listener knows it. */
export interface PeerInfo {
  address: string;
  /** Whether the transport is encrypted already (direct TLS, wss, or TLS ended in front of us). */
  secure: boolean;
  transport: 'tcp' | 'tls' | 'websocket' | 'bosh';
  /** The TLS connection of this process under a WebSocket, for channel binding; of byte streams it is known. */
  tls?: TLSSocket;
  /** The client's certificate (DER), verified against an authority that is trusted to vouch for clients. */
  certificate?: { raw: Buffer };
}

export interface AuthenticationRequest {
  /** Prepared localpart. */
  username: string;
  password: string;
  peer: PeerInfo;
}

export type AuthenticationOutcome =
  | { ok: true; principal: unknown }
  | { ok: false; reason: 'not-authorized' | 'account-disabled' | 'temporary-auth-failure' };

export interface CertificateRequest {
  certificate: X509Certificate;
  /** Prepared localparts of this domain that it names as xmppAddr. */
  accounts: string[];
  /** Whom the client wants to be, or the one account that the certificate names; undefined when neither tells. */
  username: string | undefined;
  peer: PeerInfo;
}

export type CertificateOutcome =
  { ok: true; username: string; principal: unknown } | Extract<AuthenticationOutcome, { ok: false }>;

/** Mechanisms of tokens for quick log-ins (XEP-0484). */
export type HtMechanism = 'HT-SHA-256-NONE' | 'HT-SHA-256-ENDP' | 'HT-SHA-256-EXPR';

/** Whom a token belongs to: one installation of a client, by the id it gives itself. */
export interface FastClient {
  username: string;
  clientId: string;
  mechanism: HtMechanism;
}

export interface FastToken {
  token: string;
  expiresAt: Date;
}

/** Keeps the tokens that clients log in with instead of their password (XEP-0484). */
export interface FastHooks {
  /** A new token. The one before stays good until the new one is used, as the client may never get it. */
  issue(client: FastClient, principal: unknown): Promise<FastToken>;
  /** The tokens that may be used, also expired ones; none when there is no such account. */
  find(client: FastClient): Promise<readonly (FastToken & { principal: unknown })[] | 'unavailable'>;
  /** A token was used: others before it are over. False for one whose `count`, where given, is not above the last (XEP-0484 §4.2.1). */
  used(client: FastClient, token: string, count: number | undefined): Promise<boolean>;
  /** The client logs in by token no more. */
  invalidate(client: FastClient): Promise<void>;
}

export type ScramMechanism = 'SCRAM-SHA-1' | 'SCRAM-SHA-256';

/** What a server keeps instead of a password (RFC 5802 §3). */
export interface ScramCredentials {
  salt: Buffer;
  iterations: number;
  storedKey: Buffer;
  serverKey: Buffer;
  principal: unknown;
}

/** undefined: no such user. `unavailable`: the store cannot tell now; the client is told to try again. */
export type ScramLookup = ScramCredentials | undefined | 'unavailable';

export interface RegistrationRequest {
  /** Prepared localpart. */
  username: string;
  password: string;
  /**
   * The app's registration key: from a `<key/>` field, a pre-authentication token (XEP-0445), or with androidpn the first label of the host name.
   * Always there when `registration` is `key`.
   */
  key: string | undefined;
  email: string | undefined;
  name: string | undefined;
  peer: PeerInfo;
}

/** What became of a change to an account, its making included. */
export type AccountOutcome =
  { ok: true } | { ok: false; reason: StanzaErrorCondition; type?: StanzaErrorType; text?: string };

/** What becomes of a message: taken by the gateway, sent on to the addressee's sessions on this server, or refused. */
export type MessageVerdict = 'consume' | 'route' | StanzaError;

/** How a delivery was proved: stream management, receipt, fence, or the answer to an IQ push. */
export type AcknowledgedVia = 'sm' | 'receipt' | 'ping' | 'iq';

export type CloseCause = 'closed-by-client' | 'connection-lost' | 'resumption-expired' | StreamErrorCondition;

/** A place on earth as XEP-0080 reports it; degrees (WGS 84), metres. */
export interface Position {
  lat: number;
  lon: number;
  accuracy?: number;
  altitude?: number;
  timestamp?: string;
}

/**
 * What a fork of androidpn says of a notification. `underWay`: it was a delivery of this session until now; else another proof came first, or an
 * earlier session got it.
 */
export type AndroidpnEvent =
  { kind: 'received'; id: string; by: 'receipt' | 'iq'; underWay: boolean } | { kind: 'read'; id: string };

export interface Delivery {
  /** The stanza's `id`: receipts and IQ results name it. */
  id: string;
  /** Serialised `<message/>` or `<iq/>` with its addresses and id, without `xmlns`. */
  stanza: string;
  /** Handed back on acknowledgement; never looked at. */
  cookie: unknown;
}

/**
 * - `written`: under way; `onDeliveryAcknowledged` follows, or the cookie is among `pendingCookies` when the session closes.
 * - `window-full`: not taken; try again after `onWindowOpen`.
 * - `closed`: not taken; there is no connection now (a detached session counts as none).
 */
export type DeliveryOutcome = 'written' | 'window-full' | 'closed';

/** A bound resource. With stream management it may outlive its connection. */
export interface XmppSession {
  readonly jid: Jid;
  readonly principal: unknown;
  readonly peer: PeerInfo;
  /** Initial presence was sent, and no unavailable presence since. */
  readonly available: boolean;
  /** -128 to 127 (RFC 6121 §4.7.2.3). */
  readonly priority: number;
  /** `androidpn` after a log-in by XEP-0078: such clients take pushes as androidpn's IQ. */
  readonly dialect: 'xmpp' | 'androidpn';
  /** Without a connection, waiting to be resumed (XEP-0198 §5). */
  readonly detached: boolean;
  /** Whether the client said that it knows a feature (XEP-0030), by its capabilities (XEP-0115); false while nobody knows. */
  supports(feature: string): boolean;
  deliver(delivery: Delivery): DeliveryOutcome;
  /** Cookies written and not acknowledged, oldest first. */
  readonly pendingCookies: unknown[];
  disconnect(condition: StreamErrorCondition): void;
}

/**
 * What a session did that the other sessions of its account hear of, wherever they are: its block list changed (XEP-0191 §3.3; no JIDs for all that
 * were on it), or an item of one of its nodes was published or taken back (XEP-0163 §4.3). It can be JSON.
 */
export type AccountNews =
  | { readonly kind: 'block' | 'unblock'; readonly jids: readonly string[] }
  | { readonly kind: 'published'; readonly node: string; readonly id: string }
  | { readonly kind: 'retracted'; readonly node: string; readonly ids: readonly string[] };

/** A message of an account's archive. */
export interface ArchivedMessage {
  /** The id of its `<stanza-id/>`. */
  id: string;
  /** When it was sent, ms since 1970. */
  at: number;
}

/** What is kept of an account's pushes, for its clients to ask for (XEP-0313). */
export interface ArchiveHooks {
  /** All that is kept, oldest first; the owner bounds how much that is. */
  list(session: XmppSession): Promise<readonly ArchivedMessage[]>;
  /** Each as a serialised `<message/>` without `xmlns`, in the order of the question; undefined for one that is not kept any more. */
  load(session: XmppSession, messages: readonly ArchivedMessage[]): Promise<readonly (string | undefined)[]>;
}

/** What the server asks and tells its owner. A hook that throws or rejects ends the stream in question with internal-server-error. */
export interface XmppServerHooks {
  /** Checks a password: SASL PLAIN, and XEP-0078 where androidpn is on. */
  authenticate(request: AuthenticationRequest): Promise<AuthenticationOutcome>;
  /** SASL EXTERNAL; offered to peers with a `certificate`. */
  authenticateCertificate?(request: CertificateRequest): Promise<CertificateOutcome>;
  /** Without it no tokens are issued. */
  fast?: FastHooks;
  /** Without it there is no archive. */
  archive?: ArchiveHooks;
  /** Without it SCRAM is not offered. */
  scramCredentials?(username: string, mechanism: ScramMechanism): Promise<ScramLookup>;
  /** In-band registration (XEP-0077); without it the server offers none. */
  register?(request: RegistrationRequest): Promise<AccountOutcome>;
  /** A new password for one's own account (XEP-0077 §3.3); without it nobody can. */
  changePassword?(session: XmppSession, password: string): Promise<AccountOutcome>;
  /** The end of one's own account (XEP-0077 §3.2), whose stream the server then ends; without it nobody can. */
  removeAccount?(session: XmppSession): Promise<AccountOutcome>;
  onBound?(session: XmppSession): void;
  /** Initial presence was sent: pushes may flow now. */
  onAvailable?(session: XmppSession): void;
  onUnavailable?(session: XmppSession): void;
  /** The connection is gone, or is about to be replaced; the session may come back through `onResumed`, or end through `onClosed`. */
  onDetached?(session: XmppSession): void;
  onResumed?(session: XmppSession): void;
  /** Exactly once per `onBound`. `pendingCookies` still names what was not acknowledged. */
  onClosed?(session: XmppSession, cause: CloseCause): void;
  /** Exactly once per acknowledged delivery, never after `onClosed`. */
  onDeliveryAcknowledged?(session: XmppSession, cookie: unknown, via: AcknowledgedVia): void;
  /** A delivery was answered `window-full`, and there is room again. */
  onWindowOpen?(session: XmppSession): void;
  /**
   * Asked about each delivery that a resumption would write again: false drops it, and its cookie never comes back. One that fails is
   * repeated. Without the hook all are.
   */
  beforeResend?(session: XmppSession, cookie: unknown): boolean | Promise<boolean>;
  /**
   * The app got a receipt for something that is not under way in this session: it was acknowledged by another proof already, or belongs to an
   * earlier session.
   */
  onReceipt?(session: XmppSession, id: string): void;
  /**
   * Any message, with `from` stamped, but what the app gets of receipts, chat states (XEP-0085) and bare positions. Without this hook
   * messages are refused.
   */
  onMessage?(session: XmppSession, message: Element): MessageVerdict | Promise<MessageVerdict>;
  /** A XEP-0080 position, published (XEP-0163) or in a message to the app. */
  onPosition?(session: XmppSession, position: Position): void;
  /** The account's sessions on this server have heard it; those on others are told by their `tellAccount`. */
  onAccountNews?(session: XmppSession, news: AccountNews): void;
  onAndroidpnEvent?(session: XmppSession, event: AndroidpnEvent): void;
  /** By a fork of androidpn; empty takes the alias away. */
  setAlias?(session: XmppSession, alias: string): Promise<AccountOutcome>;
  /** By a fork of androidpn: all of the tags, without empty ones. */
  setTags?(session: XmppSession, tags: string[]): Promise<AccountOutcome>;
}
