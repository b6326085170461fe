/** What is wrong with a Lua script's use of keys; empty for a script that takes every key from KEYS. */
export function keyFaults(lua: string): string[] {
  return new LuaKeys(lua).faults();
}

/** Commands of which every argument is a key; of the others in use only the first one is. */
const ALL_KEYS = new Set(['DEL', 'UNLINK', 'EXISTS', 'TOUCH']);
const ONE_KEY = new Set(
  [
    'EXPIRE GEOADD GET GETRANGE HDEL HEXISTS HGET HGETALL HINCRBY HLEN HMGET HSET HSETNX HVALS INCR INCRBY LPUSH LRANGE LREM LTRIM PERSIST PEXPIRE PEXPIREAT PTTL RPUSH SADD SCARD SMISMEMBER',
    'SET SREM XACK XADD XDEL XLEN XRANGE XTRIM ZADD ZCARD ZCOUNT ZRANGE ZRANGEBYSCORE ZREM ZREMRANGEBYRANK ZREMRANGEBYSCORE ZREVRANGEBYSCORE ZSCORE',
  ].flatMap((names) => names.split(' ')),
);
/** Commands with a sub-command before the key. */
const SECOND_KEY = new Set(['XGROUP', 'XINFO']);
const KEYWORDS = new Set(['and', 'or', 'not', 'if', 'then', 'end', 'return', 'function', 'for', 'while']);

function keysOf(command: string, args: readonly string[]): readonly string[] | undefined {
  if (ALL_KEYS.has(command)) return args;
  if (ONE_KEY.has(command)) return args.slice(0, 1);
  return SECOND_KEY.has(command) ? args.slice(1, 2) : undefined;
}

/**
 * Follows the key arguments of `redis.call` back to KEYS: directly, or by a local variable, a field of a table, or a parameter of
 * a local function, each of which must be given a key wherever it is given anything. Names count for the whole file.
 */
class LuaKeys {
  private readonly code: string;
  private readonly bindings = new Map<string, string[]>();

  constructor(lua: string) {
    this.code = lua.replaceAll(/--[^\n]*/g, '');
    this.collectLocals();
    this.collectFields();
    this.collectParameters();
  }

  faults(): string[] {
    const calls = this.callsOf(/\bredis\s*\.\s*p?call\s*\(/g);
    return [...calls.flatMap((args) => this.faultsOf(args)), ...this.detours()];
  }

  private faultsOf([command = '', ...rest]: string[]): string[] {
    const names = [...command.matchAll(/'([A-Z]+)'/g)].map(([, name]) => name!);
    if (names.length === 0) return [`the command ${command} is not written out`];
    return names.flatMap((name) => {
      const keys = keysOf(name, rest);
      if (!keys) return [`${name} is not known to take a key`];
      return keys
        .filter((key) => !this.isKey(key))
        .map((key) => `${name} takes ${key}, which is not from KEYS`);
    });
  }

  /** `redis.call` under another name would escape the check. */
  private detours(): string[] {
    return [...this.code.matchAll(/\bredis\b(?!\s*\.\s*(?:p?call|sha1hex)\s*\()/g)].map(
      ({ index }) => `redis is used otherwise: ${this.code.slice(index, index + 30)}`,
    );
  }

  private isKey(expression: string, seen: readonly string[] = []): boolean {
    if (isIndexOf('KEYS', expression)) return true;
    const name = /^(?:[A-Za-z_]\w*\.)?([A-Za-z_]\w*)$/.exec(expression)?.[1];
    if (name === undefined) return false;
    if (seen.includes(name)) return true;
    const given = this.bindings.get(name) ?? [];
    return given.length > 0 && given.every((each) => this.isKey(each, [...seen, name]));
  }

  private bind(name: string, expression: string): void {
    this.bindings.set(name, [...(this.bindings.get(name) ?? []), expression]);
  }

  /** `local a, b = x, y` and `a = x`. */
  private collectLocals(): void {
    const assignment = /(?:^|\n)\s*(?:local\s+)?([A-Za-z_]\w*(?:\s*,\s*[A-Za-z_]\w*)*)\s*=(?!=)([^\n]*)/g;
    for (const [, names, values] of this.code.matchAll(assignment)) {
      const given = splitArguments(values!);
      names!.split(',').forEach((name, i) => this.bind(name.trim(), given[i] ?? 'nil'));
    }
    for (const [, names] of this.code.matchAll(/\bfor\s+([\w\s,]+?)\s+in\b/g))
      for (const name of names!.split(',')) this.bind(name.trim(), 'a loop');
  }

  /** `{ key = x }`. */
  private collectFields(): void {
    for (const [, field, value] of this.code.matchAll(/[{,]\s*([A-Za-z_]\w*)\s*=(?!=)\s*([^,}]+)/g))
      this.bind(field!, value!.trim());
  }

  private collectParameters(): void {
    for (const [, name, list] of this.code.matchAll(/\blocal\s+function\s+(\w+)\s*\(([^)]*)\)/g)) {
      const calls = this.callsOf(new RegExp(`(?<!function\\s+)\\b${name}\\s*\\(`, 'g'));
      const parameters = list!.split(',').map((each) => each.trim());
      for (const args of calls) parameters.forEach((parameter, i) => this.bind(parameter, args[i] ?? 'nil'));
    }
  }

  private callsOf(head: RegExp): string[][] {
    return [...this.code.matchAll(head)].map(({ 0: match, index }) =>
      splitArguments(this.code.slice(index + match.length)),
    );
  }
}

/** `KEYS[…]` and nothing around it. */
function isIndexOf(table: string, expression: string): boolean {
  if (!expression.startsWith(`${table}[`) || !expression.endsWith(']')) return false;
  let depth = 0;
  for (const [i, character] of expression.split('').entries()) {
    if (character === '[') depth++;
    if (character === ']' && --depth === 0) return i === expression.length - 1;
  }
  return false;
}

/** The arguments up to the parenthesis that closes the call, or to the end of the text. */
function splitArguments(text: string): string[] {
  const args = [''];
  let depth = 0;
  let quote = '';
  for (const character of text) {
    if (quote) quote = character === quote ? '' : quote;
    else if (character === "'" || character === '"') quote = character;
    else if ('([{'.includes(character)) depth++;
    else if (')]}'.includes(character) && --depth < 0) break;
    else if (character === ',' && depth === 0) {
      args.push('');
      continue;
    }
    args[args.length - 1] += character;
  }
  return args.map((each) => each.trim()).filter((each) => each !== '' && !KEYWORDS.has(each));
}
