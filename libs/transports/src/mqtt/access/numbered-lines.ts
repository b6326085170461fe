/** What is wrong with one line of a file, which begins to count at 1. */
export interface LineFault {
  readonly line: number;
  readonly what: string;
}

/** The lines that say something: neither empty nor a comment. */
export function* numberedLines(file: string): Generator<{ line: number; text: string }> {
  for (const [index, raw] of file.split('\n').entries()) {
    const text = raw.replace(/\r$/, '');
    if (text.trim() !== '' && !text.startsWith('#')) yield { line: index + 1, text };
  }
}
