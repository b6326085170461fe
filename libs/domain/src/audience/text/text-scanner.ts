/** Something in a text is not as it should be, at a place in it. */
export class TextFault extends Error {
  constructor(
    readonly offset: number,
    detail: string,
  ) {
    super(detail);
    this.name = 'TextFault';
  }
}

const WORD = /[^\s()[\],"<>=!@:]+/y;
/** A value behind a colon: names may hold anything but white space, brackets and commas. */
const VALUE = /[^\s()[\],"]+/y;
const NUMBER = /[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
// oxlint-disable-next-line no-control-regex
const STRING = /"(?:[^"\\\u0000-\u001f]|\\.)*"/y;
const SPACE = /\s*/y;

/** Walks through the text form of an expression, skipping white space between tokens. */
export class TextScanner {
  private at = 0;

  constructor(readonly text: string) {
    this.skip();
  }

  get offset(): number {
    return this.at;
  }

  get atEnd(): boolean {
    return this.at >= this.text.length;
  }

  /** Whether the text goes on with this symbol; if so it is taken. */
  take(symbol: string): boolean {
    if (!this.text.startsWith(symbol, this.at)) return false;
    this.at += symbol.length;
    this.skip();
    return true;
  }

  expect(symbol: string): void {
    if (!this.take(symbol)) throw this.fault(`expected ${symbol}`);
  }

  /** Whether the next word is this one, in any case. */
  takeWord(word: string): boolean {
    const found = this.peek(WORD);
    if (found?.toLowerCase() !== word) return false;
    this.move(found.length);
    return true;
  }

  word(): string | undefined {
    return this.next(WORD);
  }

  value(): string | undefined {
    return this.next(VALUE);
  }

  number(): number | undefined {
    const found = this.next(NUMBER);
    return found === undefined ? undefined : Number(found);
  }

  /** Text in double quotes, escaped as in JSON. */
  quoted(): string | undefined {
    if (this.text[this.at] !== '"') return undefined;
    const found = this.peek(STRING);
    if (found === undefined) throw this.fault('this text in quotes has no end');
    try {
      const value = JSON.parse(found) as string;
      this.move(found.length);
      return value;
    } catch {
      throw this.fault('this text in quotes has an escape that JSON does not know');
    }
  }

  /** An object in JSON, up to its closing brace. */
  json(): unknown {
    const start = this.at;
    if (this.text[start] !== '{') throw this.fault('expected a GeoJSON object');
    const end = endOfObject(this.text, start);
    if (end === undefined) throw this.fault('this JSON object has no end');
    try {
      const value: unknown = JSON.parse(this.text.slice(start, end));
      this.move(end - start);
      return value;
    } catch {
      throw new TextFault(start, 'this is not well-formed JSON');
    }
  }

  /** What stands here, for messages. */
  here(): string {
    return this.atEnd ? 'the end of the text' : JSON.stringify(this.text.slice(this.at, this.at + 20));
  }

  fault(expected: string): TextFault {
    return new TextFault(this.at, `${expected}, found ${this.here()}`);
  }

  private next(pattern: RegExp): string | undefined {
    const found = this.peek(pattern);
    if (found !== undefined) this.move(found.length);
    return found;
  }

  private peek(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    return pattern.exec(this.text)?.[0];
  }

  private move(length: number): void {
    this.at += length;
    this.skip();
  }

  private skip(): void {
    SPACE.lastIndex = this.at;
    this.at += SPACE.exec(this.text)![0].length;
  }
}

function endOfObject(text: string, start: number): number | undefined {
  let depth = 0;
  for (let i = start; i < text.length; i++) {
    const character = text[i];
    if (character === '"') {
      STRING.lastIndex = i;
      const string = STRING.exec(text)?.[0];
      if (string === undefined) return undefined;
      i += string.length - 1;
    } else if (character === '{') depth++;
    else if (character === '}' && --depth === 0) return i + 1;
  }
  return undefined;
}

/** `line 2, column 7`, both from 1. */
export function placeIn(text: string, offset: number): string {
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  return `line ${line}, column ${offset - before.lastIndexOf('\n')}`;
}
