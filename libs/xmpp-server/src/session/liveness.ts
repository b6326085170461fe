import type { XmppLimits } from '../options.js';

/** Whether a silent client should be asked, or given up. */
export class Liveness {
  private questionedAt = 0;

  /** `now` and `lastInputAt` in ms. */
  check(now: number, lastInputAt: number, limits: XmppLimits): 'alive' | 'ask' | 'gone' {
    if (lastInputAt >= this.questionedAt) this.questionedAt = 0;
    if (this.questionedAt > 0) return now - this.questionedAt >= limits.pingTimeoutMs ? 'gone' : 'alive';
    if (now - lastInputAt < limits.idleTimeoutMs) return 'alive';
    this.questionedAt = now;
    return 'ask';
  }
}
