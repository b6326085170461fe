import { forgetPropertyBlock } from '../codec/encode-publish.js';
import { AcknowledgementRun } from './acknowledgement-run.js';
import { GatherNode, type Gathered } from './gather-chain.js';
import type { Outbox } from './outbox.js';

/** Writes, at the end of each tick, what the tick gathered: one write for each socket. */
export class Flusher {
  readonly run = new AcknowledgementRun<Outbox>();
  private readonly root = new GatherNode(undefined, undefined);
  private dirty: Outbox[] = [];
  private readonly onTickEnd = (): void => this.flush();

  schedule(outbox: Outbox): void {
    if (this.dirty.push(outbox) === 1) setImmediate(this.onTickEnd);
  }

  /** More for a connection that has bytes to write already. */
  gather(before: Gathered, bytes: Buffer): GatherNode {
    const node = before instanceof GatherNode ? before : this.root.append(before);
    return node.append(bytes);
  }

  flush(): void {
    const batch = this.dirty;
    this.dirty = [];
    for (const outbox of batch) outbox.flush();
    this.root.prune();
    forgetPropertyBlock();
  }
}
