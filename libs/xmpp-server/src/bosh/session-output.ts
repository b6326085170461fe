import type { CloseCause } from '../hooks.js';
import type { TerminalCondition } from './response.js';

const CONGESTED_LENGTH = 65_536;
/** A response takes no more elements once it is so long. */
const FULL_LENGTH = 65_536;
const OWN_CONDITIONS = ['host-unknown', 'improper-addressing', 'system-shutdown'] as const;
const STREAM_ERROR = /^<stream:error[^>]*>(.*)<\/stream:error>$/s;

/** What waits for a request to go out with. */
export class SessionOutput {
  private pieces: string[] = [];
  private wasCongested = false;
  /** In characters. */
  length = 0;

  add(pieces: readonly string[]): void {
    for (const piece of pieces) {
      if (piece === '') continue;
      this.pieces.push(piece);
      this.length += piece.length;
    }
    if (this.length >= CONGESTED_LENGTH) this.wasCongested = true;
  }

  get congested(): boolean {
    return this.wasCongested;
  }

  /** True once for each time that it was congested and is not any more. */
  relieved(): boolean {
    if (!this.wasCongested || this.length >= CONGESTED_LENGTH) return false;
    this.wasCongested = false;
    return true;
  }

  /** As much as one response should hold. */
  take(): string {
    let count = 0;
    let length = 0;
    while (count < this.pieces.length && length < FULL_LENGTH) length += this.pieces[count++]!.length;
    this.length -= length;
    return this.pieces.splice(0, count).join('');
  }

  /** All that is left when the stream ends. What a stream error holds stands by itself then (XEP-0206 §8). */
  last(cause: CloseCause): { condition: TerminalCondition | undefined; payload: string } {
    const own = OWN_CONDITIONS.find((condition) => condition === cause);
    const error = this.pieces.findIndex((piece) => STREAM_ERROR.test(piece));
    const inner = error < 0 ? '' : STREAM_ERROR.exec(this.pieces[error]!)![1]!;
    const before = this.pieces.slice(0, error < 0 ? undefined : error).join('');
    if (own) return { condition: own, payload: before };
    return { condition: error < 0 ? undefined : 'remote-stream-error', payload: before + inner };
  }
}
