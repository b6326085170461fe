import type { Session } from '../session/session.js';
import type { Element } from '../stanza/element.js';
import { NS } from '../stream/namespaces.js';
import { StreamFault } from '../stream/stream-error.js';

export const csiFeature = `<csi xmlns='${NS.csi}'/>`;

const MAX_HELD = 64;
const MAX_LENGTH = 65_536;

/**
 * Whether somebody looks at the client. While nobody does, what nobody has to see at once waits, the newest of each subject: presence, chat states
 * and PEP events (XEP-0352 §3). Whatever else is written goes behind what waits, so that all keeps its order (RFC 6120 §10.1).
 */
export class ClientState {
  /** By subject, in the order in which they were sent last. */
  private held: Map<string, string> | undefined;
  private length = 0;

  /** Nobody looks, from now on. */
  rest(): void {
    this.held ??= new Map();
  }

  /** Takes a stanza into keeping; false when it should be sent at once. */
  hold(subject: string, stanza: string): boolean {
    if (!this.held) return false;
    this.length += stanza.length - (this.held.get(subject)?.length ?? 0);
    this.held.delete(subject);
    this.held.set(subject, stanza);
    return true;
  }

  /** No more should wait than this. */
  get isFull(): boolean {
    return this.held !== undefined && (this.held.size >= MAX_HELD || this.length >= MAX_LENGTH);
  }

  /** What was held; the state stays. */
  release(): readonly string[] {
    if (!this.held || this.held.size === 0) return NONE;
    const stanzas = [...this.held.values()];
    this.held.clear();
    this.length = 0;
    return stanzas;
  }

  /** Holds no longer. */
  wake(): readonly string[] {
    const stanzas = this.release();
    this.held = undefined;
    return stanzas;
  }
}

const NONE: readonly string[] = [];

/** `<active/>` and `<inactive/>`, which no answer follows. */
export function onClientState(session: Session, { name }: Element): void {
  if (name !== 'active' && name !== 'inactive') throw new StreamFault('unsupported-stanza-type');
  if (name === 'inactive') session.clientState.rest();
  else session.wake();
}
