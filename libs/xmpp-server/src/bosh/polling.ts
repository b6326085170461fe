import type { BoshRequest } from './request-queue.js';
import type { SessionTerms } from './session-terms.js';

/** Whether empty requests come more often than the client was told (XEP-0124 §11, §12). */
export class Polling {
  private before: { arrivedAt: number; empty: boolean } | undefined;
  private answeredEmpty = true;

  constructor(
    private readonly terms: Pick<SessionTerms, 'polls' | 'requests'>,
    private readonly intervalMs: number,
  ) {}

  /** @param unanswered requests that wait, this one included */
  isTooOften({ tag, empty, arrivedAt }: BoshRequest, unanswered: number): boolean {
    const { before } = this;
    const pausesOrEnds = tag.attrs['pause'] !== undefined || tag.attrs['type'] === 'terminate';
    const asks = empty && !tag.restart && !pausesOrEnds;
    this.before = { arrivedAt, empty: asks };
    if (!asks || !before || arrivedAt - before.arrivedAt >= this.intervalMs) return false;
    return this.terms.polls ? before.empty && this.answeredEmpty : unanswered >= this.terms.requests;
  }

  onAnswered(payload: string): void {
    this.answeredEmpty = payload === '';
  }
}
