import type { ResolvedOptions } from './options.js';
import type { KnownCapabilities } from './features/xep-0115-client-capabilities.js';
import type { FailureDelays } from './sasl/failure-delays.js';
import type { SessionRegistry } from './session/session-registry.js';
import type { StreamKeeper } from './session/stream-keeper.js';
import type { NamespaceScope, StanzaParser } from './stanza/stanza-parser.js';
import type { Connection } from './stream/connection.js';
import type { FlushQueue } from './stream/flush-queue.js';

/** What connections and sessions share. */
export interface ServerContext {
  readonly options: ResolvedOptions;
  readonly flushes: FlushQueue;
  readonly sessions: SessionRegistry;
  /** undefined when sessions can be resumed on this server alone. */
  readonly streams: StreamKeeper | undefined;
  readonly failureDelays: FailureDelays;
  readonly capabilities: KnownCapabilities;
  readonly parsers: {
    /** Inside a `jabber:client` stream. */
    readonly client: StanzaParser;
    /** With nothing in scope: stream headers and WebSocket messages. */
    readonly bare: StanzaParser;
    /** Inside the usual `<body/>` of BOSH. */
    readonly bosh: StanzaParser;
  };
  /** The parser for the prefixes a stream header declared; undefined for the usual ones. */
  parserFor(scope: NamespaceScope | undefined): StanzaParser;
  /** Calls a hook that nobody waits for; what it throws is logged. */
  notify(call: () => void): void;
  onConnectionGone(connection: Connection): void;
}
