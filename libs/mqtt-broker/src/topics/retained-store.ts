import type { Publication } from '../inflight/publication.js';
import { levelCount } from './topic-filter.js';

class RetainedNode {
  children: Map<string, RetainedNode> | undefined;
  message: Publication | undefined;
  /** Counts up with each message stored, so that a replay can leave out what came after it began. */
  sequence = 0;
}

/** A topic of its own may need a node for each of its levels. */
const NODE_BYTES = 200;

function cost(publication: Publication): number {
  return publication.weight + levelCount(publication.topic) * NODE_BYTES;
}

/** Retained messages, one a topic, bounded in number and bytes; in a tree of levels for wildcards. */
export class RetainedStore {
  private readonly root = new RetainedNode();
  private sequence = 0;
  size = 0;
  bytes = 0;

  constructor(
    private readonly maxMessages: number,
    private readonly maxBytes: number,
    private readonly now: () => number,
  ) {}

  /** Keeps the publication, or clears its topic if the payload is empty [MQTT-3.3.1-6]. False: there is no room. */
  store(publication: Publication): boolean {
    if (publication.payload.length === 0) {
      this.remove(publication.topic);
      return true;
    }
    const known = this.find(publication.topic)?.message;
    if (!this.accepts(publication)) return false;
    const node = this.insert(publication.topic);
    node.message = publication.detach();
    node.sequence = ++this.sequence;
    this.bytes += cost(publication) - (known ? cost(known) : 0);
    if (!known) this.size++;
    return true;
  }

  /** Whether `store` would take it. */
  accepts(publication: Publication): boolean {
    if (publication.payload.length === 0) return true;
    const known = this.find(publication.topic)?.message;
    const growth = cost(publication) - (known ? cost(known) : 0);
    return this.bytes + growth <= this.maxBytes && (known !== undefined || this.size < this.maxMessages);
  }

  /**
   * The messages that a filter matches, found as they are asked for: a replay holds no list. Messages stored after
   * the call are left out, their subscriber received them as they came.
   */
  match(topicFilter: string): Iterator<Publication> {
    return this.walk(this.root, topicFilter.split('/'), 0, this.sequence);
  }

  private *walk(node: RetainedNode, levels: string[], depth: number, until: number): Generator<Publication> {
    const level = levels[depth];
    if (level === undefined) {
      yield* this.here(node, until);
    } else if (level === '#') {
      yield* this.everything(node, depth === 0, until);
    } else if (level === '+') {
      for (const [name, each] of node.children ?? []) {
        if (depth > 0 || !name.startsWith('$')) yield* this.walk(each, levels, depth + 1, until);
      }
    } else {
      const next = node.children?.get(level);
      if (next) yield* this.walk(next, levels, depth + 1, until);
    }
  }

  private *everything(node: RetainedNode, top: boolean, until: number): Generator<Publication> {
    yield* this.here(node, until);
    for (const [name, each] of node.children ?? []) {
      if (!top || !name.startsWith('$')) yield* this.everything(each, false, until); // [MQTT-4.7.2-1]
    }
  }

  private *here(node: RetainedNode, until: number): Generator<Publication> {
    const message = node.message;
    if (!message) return;
    if (message.expired(this.now())) this.remove(message.topic);
    else if (node.sequence <= until) yield message;
  }

  private find(topic: string): RetainedNode | undefined {
    let node: RetainedNode | undefined = this.root;
    for (const level of topic.split('/')) node = node?.children?.get(level);
    return node;
  }

  private insert(topic: string): RetainedNode {
    let node = this.root;
    for (const level of topic.split('/')) {
      node.children ??= new Map();
      let next = node.children.get(level);
      if (!next) node.children.set(level, (next = new RetainedNode()));
      node = next;
    }
    return node;
  }

  private remove(topic: string): void {
    const levels = topic.split('/');
    const path = [this.root];
    for (const level of levels) {
      const next = path.at(-1)!.children?.get(level);
      if (!next) return;
      path.push(next);
    }
    const node = path.at(-1)!;
    if (!node.message) return;
    this.bytes -= cost(node.message);
    this.size--;
    node.message = undefined;
    for (let i = levels.length; i > 0 && !path[i]!.message && !path[i]!.children; i--) {
      const parent = path[i - 1]!;
      parent.children!.delete(levels[i - 1]!);
      if (parent.children!.size === 0) parent.children = undefined;
    }
  }
}
