/**
 * Whether every topic that `inner` matches is matched by `outer` too; `inner` may be a topic. A leading wildcard matches no topic that
 * begins with `$` [MQTT-4.7.2-1].
 */
export function filterCovers(outer: string, inner: string): boolean {
  const pattern = outer.split('/');
  const levels = inner.split('/');
  if (inner.startsWith('$') && (pattern[0] === '+' || pattern[0] === '#')) return false;
  for (let i = 0; i < pattern.length; i++) {
    // `a/#` includes `a` itself (MQTT 5.0 §4.7.1.2).
    if (pattern[i] === '#') return true;
    if (i >= levels.length || levels[i] === '#') return false;
    if (pattern[i] !== '+' && pattern[i] !== levels[i]) return false;
  }
  return pattern.length === levels.length;
}
