import { forgetPropertyBlock } from '../codec/encode-publish.js';
import { GatherNode } from './gather-chain.js';
import type { Outbox } from './outbox.js';

/** Writes, at the end of each tick, what the tick gathered: one write for each socket. */
export class Flusher {
  readonly root = new GatherNode(undefined, undefined);
  private dirty: Outbox[] = [];
  private readonly run = (): void => this.flush();

  schedule(outbox: Outbox): void {
    if (this.dirty.push(outbox) === 1) setImmediate(this.run);
  }

  flush(): void {
    const batch = this.dirty;
    this.dirty = [];
    for (const outbox of batch) outbox.flush();
    this.root.prune();
    forgetPropertyBlock();
  }
}
