/** A filter is taken apart once, when it is subscribed to. */
export interface ParsedFilter {
  /** As the client wrote it, `$share/…` included. */
  filter: string;
  /** The filter that topics are matched with. */
  topicFilter: string;
  /** Group name of a shared subscription (MQTT 5.0 §4.8.2). */
  shareName: string | undefined;
  wildcard: boolean;
}

const SHARE = '$share/';

export interface FilterBounds {
  maxTopicLevels: number;
  maxFilterLength: number;
}

/** Takes a topic filter apart; undefined where MQTT 5.0 §4.7.1 or §4.8.2 forbids its form, or it exceeds the bounds. */
export function parseFilter(filter: string, bounds: FilterBounds): ParsedFilter | undefined {
  if (filter.length > bounds.maxFilterLength) return undefined;
  const shared = filter.startsWith(SHARE);
  const shareName = shared ? filter.slice(SHARE.length).split('/', 1)[0]! : undefined;
  const topicFilter = shareName === undefined ? filter : filter.slice(SHARE.length + shareName.length + 1);
  if (shareName !== undefined && !validShare(shareName, filter)) return undefined;
  const wildcard = topicFilter.includes('+') || topicFilter.includes('#');
  if (topicFilter.length === 0 || !validForm(topicFilter, wildcard, bounds.maxTopicLevels)) return undefined;
  return { filter, topicFilter, shareName, wildcard };
}

/** [MQTT-4.8.2-1], [MQTT-4.8.2-2] */
function validShare(name: string, filter: string): boolean {
  const separator = SHARE.length + name.length;
  return name.length > 0 && !/[+#]/.test(name) && filter[separator] === '/';
}

/** '#' alone in the last level [MQTT-4.7.1-1], '+' alone in its level [MQTT-4.7.1-2]. */
function validForm(topicFilter: string, wildcard: boolean, maxLevels: number): boolean {
  if (levelCount(topicFilter) > maxLevels) return false;
  if (!wildcard) return true;
  const levels = topicFilter.split('/');
  return levels.every((level, i) => {
    if (level === '#') return i === levels.length - 1;
    return level === '+' || (!level.includes('+') && !level.includes('#'));
  });
}

export function levelCount(topic: string): number {
  let count = 1;
  for (let at = topic.indexOf('/'); at !== -1; at = topic.indexOf('/', at + 1)) count++;
  return count;
}

/** A topic name that a server may publish to: no wildcard, no U+0000, not empty, not too long. */
export function isTopicName(topic: string): boolean {
  return topic.length > 0 && !/[+#\0]/.test(topic) && Buffer.byteLength(topic) <= 0xffff;
}

/** Whether one filter matches one topic; `$`-topics are not matched by a leading wildcard [MQTT-4.7.2-1]. */
export function filterMatches(topicFilter: string, topic: string): boolean {
  if (topicFilter === topic) return true;
  const pattern = topicFilter.split('/');
  const levels = topic.split('/');
  if (topic.startsWith('$') && (pattern[0] === '+' || pattern[0] === '#')) return false;
  for (let i = 0; i < pattern.length; i++) {
    if (pattern[i] === '#') return true;
    if (i >= levels.length || (pattern[i] !== '+' && pattern[i] !== levels[i])) return false;
  }
  return pattern.length === levels.length;
}
