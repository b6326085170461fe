import { CarillonError } from '@carillon/domain';
import { MAX_JSON_DEPTH } from './limits.js';

/**
 * Parses a body; an empty one is no body (undefined).
 * @throws CarillonError `malformed-json`, or `invalid-request` for a body that is nested too deep or says `__proto__`
 */
export function parseJson(text: string): unknown {
  if (text.trim() === '') return undefined;
  const value = parse(text);
  check(value);
  return value;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CarillonError('malformed-json', (error as Error).message, { cause: error });
  }
}

/** Level by level rather than by recursion, which a hostile body could exhaust. */
function check(value: unknown): void {
  let level = isContainer(value) ? [value] : [];
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > MAX_JSON_DEPTH)
      throw new CarillonError('invalid-request', `the body is nested more than ${MAX_JSON_DEPTH} deep`);
    const next: object[] = [];
    for (const item of level) {
      if (Object.hasOwn(item, '__proto__'))
        throw new CarillonError('invalid-request', '"__proto__" cannot be the name of a field');
      for (const inner of Object.values(item)) if (isContainer(inner)) next.push(inner);
    }
    level = next;
  }
}

const isContainer = (value: unknown): value is object => typeof value === 'object' && value !== null;
