import { createHash } from 'node:crypto';

/** Each request proves by its key that it comes from whoever began the session (XEP-0124 §15). */
export class KeySequence {
  private last: string | undefined;

  /** False for a request that does not go on with the sequence. */
  accept(attrs: Readonly<Record<string, string | undefined>>): boolean {
    const { key, newkey } = attrs;
    if (this.last !== undefined) {
      if (key === undefined || sha1(key) !== this.last.toLowerCase()) return false;
      this.last = key;
    }
    if (newkey !== undefined) this.last = newkey;
    return true;
  }
}

const sha1 = (text: string): string => createHash('sha1').update(text).digest('hex');
