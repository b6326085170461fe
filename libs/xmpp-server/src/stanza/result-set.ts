import { NS } from '../stream/namespaces.js';
import type { Element } from './element.js';
import { escapeText } from './escape.js';

/** Which page of a result is wanted (XEP-0059 §2). */
export interface PageRequest {
  max: number;
  /** The page behind that item. */
  after: string | undefined;
  /** The page in front of that item; the last one where it is empty. */
  before: string | undefined;
}

export interface Page<T> {
  items: readonly T[];
  /** Place of the first item in the whole result. */
  index: number;
  /** Items of the whole result. */
  count: number;
  /** Nothing follows in the direction of paging. */
  complete: boolean;
}

/** undefined for what is no request. */
export function readPageRequest(parent: Element, limit: number): PageRequest | undefined {
  const set = parent.child('set', NS.resultSet);
  const wanted = set?.childText('max')?.trim();
  if (wanted !== undefined && !/^\d{1,9}$/.test(wanted)) return undefined;
  const max = Math.min(limit, wanted === undefined ? limit : Number(wanted));
  return { max, after: set?.childText('after'), before: set?.childText('before') };
}

/** undefined when `after` or `before` names an item that is not there (XEP-0059 §2.4). */
export function pageOf<T extends { id: string }>(
  all: readonly T[],
  { max, after, before }: PageRequest,
): Page<T> | undefined {
  const start = after ? all.findIndex(({ id }) => id === after) + 1 : 0;
  const end = before ? all.findIndex(({ id }) => id === before) : all.length;
  if ((after && start === 0) || end < 0) return undefined;
  const backwards = before !== undefined;
  const from = backwards ? Math.max(start, end - max) : start;
  const to = backwards ? end : Math.min(end, start + max);
  const complete = backwards ? from <= start : to >= end;
  return { items: all.slice(from, to), index: from, count: all.length, complete };
}

/** Serialised (XEP-0059 §2.1); without items it says no more than how many there are. */
export function resultSet({ items, index, count }: Page<{ id: string }>): string {
  const first = items[0];
  const last = items.at(-1);
  const bounds =
    first && last
      ? `<first index='${index}'>${escapeText(first.id)}</first><last>${escapeText(last.id)}</last>`
      : '';
  return `<set xmlns='${NS.resultSet}'>${bounds}<count>${count}</count></set>`;
}
