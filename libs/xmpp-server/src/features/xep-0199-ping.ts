import { NS } from '../stream/namespaces.js';
import type { Feature } from './feature.js';

/** XEP-0199 §4: anyone may ask the server, the app or the own account. */
export const ping: Feature = {
  vars: [NS.ping],
  iq: [{ type: 'get', name: 'ping', ns: NS.ping, at: ['server', 'account', 'contact'], handle: () => '' }],
};

export function pingRequest(id: string, from: string, to: string): string {
  return `<iq type='get' id='${id}' from='${from}' to='${to}'><ping xmlns='${NS.ping}'/></iq>`;
}

/**
 * The fence behind deliveries to a client without stream management: clients answer every IQ from their one reader, so any answer, an
 * error too, proves that all before it was parsed. One is under way at a time.
 */
export class PingFence {
  private count = 0;
  private awaited: string | undefined;
  private covers = 0;

  /** A fence for everything before `sequence`, or undefined while one is under way or nothing is new. */
  raise(sequence: number): string | undefined {
    if (this.awaited !== undefined || sequence <= this.covers) return undefined;
    this.covers = sequence;
    this.awaited = `fence-${++this.count}`;
    return this.awaited;
  }

  /** The sequence number that the answer proves, or undefined if it answers something else. */
  pass(id: string): number | undefined {
    if (id !== this.awaited) return undefined;
    this.awaited = undefined;
    return this.covers;
  }

  /** Forgets a fence that went down with its connection. */
  reset(): void {
    this.awaited = undefined;
    this.covers = 0;
  }
}
