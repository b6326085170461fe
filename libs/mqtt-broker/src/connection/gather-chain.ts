/** What one connection has to write: one buffer, or a chain of several. */
export type Gathered = Buffer | GatherNode;

/**
 * What a connection has to write, as a chain that grows at its end. Connections that are sent the same buffers in one
 * tick walk the same nodes, so that the gathered bytes are put together once for all of them.
 */
export class GatherNode {
  /** The node last appended here. */
  private successor: GatherNode | undefined = undefined;
  private flat: Buffer | undefined = undefined;
  readonly length: number;

  constructor(
    private readonly previous: GatherNode | undefined,
    private readonly bytes: Buffer | undefined,
  ) {
    this.length = (previous?.length ?? 0) + (bytes?.length ?? 0);
  }

  append(bytes: Buffer): GatherNode {
    const known = this.successor;
    if (known !== undefined && known.bytes === bytes) return known;
    return (this.successor = new GatherNode(this, bytes));
  }

  /** Forgets what was appended: the tick is over. */
  prune(): void {
    this.successor = undefined;
  }

  /** All bytes as one buffer. */
  concat(): Buffer {
    return (this.flat ??= this.previous?.bytes === undefined ? this.bytes! : this.copyAll());
  }

  /** All buffers in order. */
  parts(): Buffer[] {
    return GatherNode.collect(this).reverse();
  }

  private copyAll(): Buffer {
    return Buffer.concat(this.parts(), this.length);
  }

  /** This node's buffer and those before it, last first; a loop, as a chain may be long. */
  static collect(last: GatherNode): Buffer[] {
    const buffers: Buffer[] = [];
    for (let node: GatherNode | undefined = last; node?.bytes !== undefined; node = node.previous) {
      buffers.push(node.bytes);
    }
    return buffers;
  }
}
