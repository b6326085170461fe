import { isTopicFilter, TOPIC_RIGHTS, type TopicRight, type TopicRule } from '@carillon/domain';
import { AccessList } from './access-list.js';
import { type LineFault, numberedLines } from './numbered-lines.js';

const RIGHTS: readonly string[] = TOPIC_RIGHTS;

/** Reads an ACL file in the form of mosquitto: `user NAME`, `topic [right] FILTER`, `pattern [right] FILTER`. */
export function parseAccessList(file: string): { list: AccessList; faults: readonly LineFault[] } {
  const faults: LineFault[] = [];
  const anonymous: TopicRule[] = [];
  const byUser = new Map<string, TopicRule[]>();
  const patterns: TopicRule[] = [];
  let current = anonymous;
  for (const { line, text } of numberedLines(file)) {
    const [, keyword, rest] = /^\s*(\S+)\s*(.*?)\s*$/.exec(text)!;
    if (keyword === 'user' && rest) {
      current = byUser.get(rest) ?? [];
      byUser.set(rest, current);
    } else if (keyword === 'topic' || keyword === 'pattern') {
      const rule = ruleOf(rest!);
      if (typeof rule === 'string') faults.push({ line, what: rule });
      else (keyword === 'topic' ? current : patterns).push(rule);
    } else faults.push({ line, what: 'must begin with user NAME, topic or pattern' });
  }
  return { list: new AccessList(anonymous, byUser, patterns), faults };
}

/** Without a right both; a topic may hold blanks. */
function ruleOf(text: string): TopicRule | string {
  const [first = '', ...others] = text.split(/\s+/);
  const named = RIGHTS.includes(first) && others.length > 0;
  const filter = named ? text.slice(first.length).trimStart() : text;
  if (filter === '') return 'names no topic';
  if (!named && others.length > 0) return `${JSON.stringify(first)} is none of ${RIGHTS.join(', ')}`;
  if (!isTopicFilter(filter)) return `${JSON.stringify(filter)} is no topic filter`;
  return { right: named ? (first as TopicRight) : 'readwrite', filter };
}
