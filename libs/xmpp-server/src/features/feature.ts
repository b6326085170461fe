import type { ResolvedOptions } from '../options.js';
import type { Element } from '../stanza/element.js';
import type { StanzaError } from '../stanza/stanza-error.js';
import type { Session } from '../session/session.js';

/** Whom an IQ asks: the server, the client's own account, or the app that sends its pushes. */
export type IqTarget = 'server' | 'account' | 'contact';

export interface IqRequest {
  session: Session;
  iq: Element;
  payload: Element;
  target: IqTarget;
}

/** The serialised payload of the result (empty for none), or a refusal. */
export type IqReply = string | StanzaError;
/** What takes time holds back what the client sent behind it, so that answers keep the order of the questions. */
export type PendingIqReply = IqReply | Promise<IqReply>;

export interface IqHandler {
  type: 'get' | 'set';
  name: string;
  ns: string;
  at: readonly IqTarget[];
  handle(request: IqRequest): PendingIqReply;
}

/** A protocol as one small module: what it announces and what it answers. */
export interface Feature {
  /** Announced by disco#info of the server. */
  vars?: readonly string[];
  /** Announced by disco#info of the account. */
  accountVars?: readonly string[];
  /** Whether it is announced. Default true. */
  offered?(options: ResolvedOptions): boolean;
  iq?: readonly IqHandler[];
}
