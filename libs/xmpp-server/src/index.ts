export { XmppServer } from './server.js';
export { DEFAULT_LIMITS } from './options.js';
export type { Contact, XmppLimits, XmppLogger, XmppServerOptions } from './options.js';
export type { BoshLimits } from './bosh/bosh-limits.js';
export type { BoshGate } from './bosh/connection-manager.js';
export type { BoshResponse } from './bosh/response.js';
export type * from './hooks.js';
export type { FramedSocket } from './stream/websocket-wire.js';
export type { StreamErrorCondition } from './stream/stream-error.js';
export type { StanzaError, StanzaErrorCondition, StanzaErrorType } from './stanza/stanza-error.js';
export { Element, type Node, type QualifiedAttribute } from './stanza/element.js';
export { escapeText, escapeXml } from './stanza/escape.js';
export {
  preparePush,
  pushMessage,
  type PushContent,
  type PushDelivery,
  type PushMessage,
} from './stanza/push-message.js';
export { androidpnNotification, type AndroidpnNotification } from './features/androidpn.js';
export { jsonContainer } from './features/xep-0335-json-container.js';
export {
  parseJid,
  bareJid,
  fullJid,
  prepareLocal,
  prepareDomain,
  prepareResource,
  type Jid,
} from './jid/jid.js';
export {
  InMemoryStreamManagementStore,
  StreamManagementStore,
  type ClaimedStream,
  type StreamRecord,
} from './session/stream-management-store.js';
export {
  ACCOUNT_BOUNDS,
  AccountStore,
  type AccountBounds,
  type AccountChangeOutcome,
  type AccountRecordKind,
} from './account/account-store.js';
export type { PushService } from './features/xep-0357-push.js';
export { pushServiceOf } from './features/xep-0357-push.js';
export { NS } from './stream/namespaces.js';
