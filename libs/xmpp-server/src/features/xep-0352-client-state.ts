import type { Session } from '../session/session.js';
import type { Element } from '../stanza/element.js';
import { NS } from '../stream/namespaces.js';
import { StreamFault } from '../stream/stream-error.js';

export const csiFeature = `<csi xmlns='${NS.csi}'/>`;

const MAX_HELD = 64;

/** Whether somebody looks at the client. While nobody does, presence waits, the newest of each sender; pushes never do (XEP-0352 §3). */
export class ClientState {
  private held: Map<string, string> | undefined;

  get active(): boolean {
    return this.held === undefined;
  }

  setActive(active: boolean): void {
    if (active) return;
    this.held ??= new Map();
  }

  /** Takes a presence into keeping; false when it should be sent at once. */
  hold(from: string, stanza: string): boolean {
    if (!this.held || (this.held.size >= MAX_HELD && !this.held.has(from))) return false;
    this.held.set(from, stanza);
    return true;
  }

  /** What was held; the state stays. */
  release(): string[] {
    if (!this.held || this.held.size === 0) return [];
    const stanzas = [...this.held.values()];
    this.held.clear();
    return stanzas;
  }

  /** Holds no longer. */
  wake(): string[] {
    const stanzas = this.release();
    this.held = undefined;
    return stanzas;
  }
}

/** `<active/>` and `<inactive/>`, which no answer follows. */
export function onClientState(session: Session, { name }: Element): void {
  if (name !== 'active' && name !== 'inactive') throw new StreamFault('unsupported-stanza-type');
  session.onChanged();
  if (name === 'inactive') return session.clientState.setActive(false);
  for (const stanza of session.clientState.wake()) session.sendStanza(stanza);
}
