import { SubscriberSet } from './subscriber-set.js';
import type { Subscription } from './subscription.js';

class TrieNode {
  children: Map<string, TrieNode> | undefined;
  /** Subscribers whose filter ends here. */
  here: SubscriberSet | undefined;
  /** Subscribers whose filter ends with '#' under here. */
  below: SubscriberSet | undefined;

  get empty(): boolean {
    return this.children === undefined && this.here === undefined && this.below === undefined;
  }
}

/** Filters with wildcards, a node a level ('+' is a child like others). */
export class WildcardTrie {
  private readonly root = new TrieNode();

  get empty(): boolean {
    return this.root.empty;
  }

  /** The subscribers of one filter. */
  find(topicFilter: string): SubscriberSet | undefined {
    const { levels, hash } = takeApart(topicFilter);
    let node: TrieNode | undefined = this.root;
    for (const level of levels) node = node?.children?.get(level);
    return hash ? node?.below : node?.here;
  }

  add(subscription: Subscription): void {
    const { levels, hash } = takeApart(subscription.topicFilter);
    let node = this.root;
    for (const level of levels) node = child(node, level);
    const set = hash ? (node.below ??= new SubscriberSet()) : (node.here ??= new SubscriberSet());
    set.add(subscription);
  }

  remove(subscription: Subscription): void {
    const { levels, hash } = takeApart(subscription.topicFilter);
    const path = [this.root];
    for (const level of levels) {
      const next = path.at(-1)!.children?.get(level);
      if (!next) return;
      path.push(next);
    }
    const node = path.at(-1)!;
    (hash ? node.below : node.here)?.remove(subscription);
    if (hash && node.below?.empty) node.below = undefined;
    if (!hash && node.here?.empty) node.here = undefined;
    prune(path, levels);
  }

  /** All sets whose filter matches; the wildcards of the first level do not match `$`-topics [MQTT-4.7.2-1]. */
  match(topic: string): SubscriberSet[] {
    const levels = topic.split('/');
    const system = topic.startsWith('$');
    const found: SubscriberSet[] = [];
    let nodes = [this.root];
    for (let i = 0; i < levels.length && nodes.length > 0; i++) {
      const next: TrieNode[] = [];
      const wild = i > 0 || !system;
      for (const node of nodes) step(node, levels[i]!, wild, next, found);
      nodes = next;
    }
    for (const node of nodes) {
      if (node.here) found.push(node.here);
      if (node.below) found.push(node.below); // 'a/#' matches 'a' too (§4.7.1.2)
    }
    return found;
  }
}

/** The levels down to the node that keeps a filter, and whether it ends with '#' under that. */
function takeApart(topicFilter: string): { levels: string[]; hash: boolean } {
  const levels = topicFilter.split('/');
  const hash = levels.at(-1) === '#';
  if (hash) levels.pop();
  return { levels, hash };
}

function child(node: TrieNode, level: string): TrieNode {
  node.children ??= new Map();
  let next = node.children.get(level);
  if (!next) node.children.set(level, (next = new TrieNode()));
  return next;
}

function step(node: TrieNode, level: string, wild: boolean, next: TrieNode[], found: SubscriberSet[]): void {
  if (wild && node.below) found.push(node.below);
  if (!node.children) return;
  const exact = node.children.get(level);
  if (exact) next.push(exact);
  const plus = wild ? node.children.get('+') : undefined;
  if (plus) next.push(plus);
}

function prune(path: TrieNode[], levels: string[]): void {
  for (let i = levels.length; i > 0 && path[i]!.empty; i--) {
    const parent = path[i - 1]!;
    parent.children!.delete(levels[i - 1]!);
    if (parent.children!.size === 0) parent.children = undefined;
  }
}
