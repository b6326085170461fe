import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterContext } from './cluster-context.js';

const STOP_PATIENCE_MS = 1_000;
const CHECKPOINT_MS = 1_000;
const INHERIT_MS = 2_000;

interface Duties {
  readonly checkpoint: () => Promise<void>;
  readonly inherit: () => Promise<void>;
}

/** What a broker does every second or two for as long as it runs. */
export class Upkeep {
  started = false;
  private timers: NodeJS.Timeout[] = [];
  private readonly running = new Set<Promise<void>>();

  constructor(
    private readonly context: ClusterContext,
    private readonly duties: Duties,
  ) {}

  /** Fulfilled when the sessions of brokers that are gone by now have been inherited. */
  async start(): Promise<void> {
    await this.duties.inherit();
    this.started = true;
    this.timers = [
      this.repeat('an MQTT checkpoint', this.duties.checkpoint, CHECKPOINT_MS),
      this.repeat('inheriting MQTT sessions', this.duties.inherit, INHERIT_MS),
    ];
  }

  /** Waits for what is under way, which may itself wait for a Redis that does not come back. */
  async stop(): Promise<void> {
    for (const timer of this.timers) clearInterval(timer);
    await Promise.race([Promise.all(this.running), sleep(STOP_PATIENCE_MS, undefined, { ref: false })]);
  }

  /** A round that takes longer than its interval is the only one. */
  private repeat(what: string, duty: () => Promise<void>, intervalMs: number): NodeJS.Timeout {
    let busy = false;
    return setInterval(() => {
      if (busy) return;
      busy = true;
      const round = duty()
        .catch((error: unknown) =>
          this.context.logger.warn({ error: String(error) }, `${what} failed and is tried again`),
        )
        .finally(() => {
          busy = false;
          this.running.delete(round);
        });
      this.running.add(round);
    }, intervalMs);
  }
}
