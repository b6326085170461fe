import type { AccountStore } from '../account/account-store.js';
import type { FormValues } from '../stanza/data-form.js';

/** How a node keeps its items. Only their owner ever sees them, whatever access model a client asks for. */
export interface NodeSettings {
  /** Items at most; 0: what is published is told, and not kept. */
  maxItems: number;
}

export interface PepItem {
  id: string;
  /** Serialised, with its namespace. */
  payload: string;
  /** Which of two was published first. */
  at: number;
}

const MOST_ITEMS = 100;
/** XEP-0163 §3: a node has one item unless its owner says otherwise. */
export const DEFAULT_SETTINGS: NodeSettings = { maxItems: 1 };
const NAME = /^[^\p{Cc}]{1,512}$/u;

export function isNodeName(name: string | undefined): name is string {
  return name !== undefined && NAME.test(name);
}

/** What a form asks for (XEP-0060 §16.4.4); what it leaves out stays as in `before`. undefined for a number that is none. */
export function settingsIn(form: FormValues, before: NodeSettings): NodeSettings | undefined {
  const persists = form.get('pubsub#persist_items')?.[0];
  const most = form.get('pubsub#max_items')?.[0];
  if (persists === '0' || persists === 'false') return { maxItems: 0 };
  if (most === undefined) return before;
  if (most === 'max') return { maxItems: MOST_ITEMS };
  return /^\d{1,9}$/.test(most) ? { maxItems: Math.min(Number(most), MOST_ITEMS) } : undefined;
}

/** The nodes of one account (XEP-0163), as records of its store. */
export class PepNodes {
  constructor(
    private readonly store: AccountStore,
    private readonly account: string,
  ) {}

  async settings(node: string): Promise<NodeSettings | undefined> {
    const kept = await this.store.get(this.account, 'node', node);
    return kept === undefined ? undefined : (JSON.parse(kept) as NodeSettings);
  }

  async names(): Promise<string[]> {
    return [...(await this.store.list(this.account, 'node')).keys()].sort();
  }

  /** Oldest first. */
  async items(node: string): Promise<PepItem[]> {
    const kept = await this.store.list(this.account, 'item');
    const own = [...kept].filter(([name]) => name.startsWith(`${node}\n`));
    const items = own.map(([name, value]): PepItem => {
      const end = value.indexOf(' ');
      return {
        id: name.slice(node.length + 1),
        at: Number(value.slice(0, end)),
        payload: value.slice(end + 1),
      };
    });
    return items.sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));
  }

  /** A node is there from its first item on; the oldest items give way. */
  async publish(
    node: string,
    settings: NodeSettings,
    item: Omit<PepItem, 'at'>,
  ): Promise<'kept' | 'full' | 'gone'> {
    const configured = await this.configure(node, settings);
    if (configured !== 'kept' || settings.maxItems === 0) return configured;
    const before = (await this.items(node)).filter(({ id }) => id !== item.id);
    const surplus = before.slice(0, Math.max(0, before.length + 1 - settings.maxItems));
    const at = Math.max(Date.now(), (before.at(-1)?.at ?? 0) + 1);
    const changes = new Map<string, string | undefined>(
      surplus.map(({ id }) => [itemName(node, id), undefined]),
    );
    changes.set(itemName(node, item.id), `${at} ${item.payload}`);
    return this.store.change(this.account, 'item', changes);
  }

  configure(node: string, settings: NodeSettings): Promise<'kept' | 'full' | 'gone'> {
    return this.store.change(this.account, 'node', new Map([[node, JSON.stringify(settings)]]));
  }

  async retract(node: string, ids: readonly string[]): Promise<void> {
    const changes = new Map(ids.map((id) => [itemName(node, id), undefined]));
    await this.store.change(this.account, 'item', changes);
  }

  async purge(node: string): Promise<void> {
    const items = await this.items(node);
    await this.retract(
      node,
      items.map(({ id }) => id),
    );
  }

  async delete(node: string): Promise<void> {
    await this.purge(node);
    await this.store.change(this.account, 'node', new Map([[node, undefined]]));
  }
}

function itemName(node: string, id: string): string {
  return `${node}\n${id}`;
}
