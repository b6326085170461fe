import { setTimeout as sleep } from 'node:timers/promises';
import type { GatheredScripts } from '@carillon/redis';
import type { ClusterContext } from './cluster-context.js';
import { partitionOf } from './client-partition.js';
import { PendingChanges } from './pending-changes.js';

/** A client id that this broker holds, and since which claim. */
export interface HeldSession {
  readonly clientId: string;
  readonly epoch: number;
}

const RETRY_MS = 200;
/** Sessions that one script call writes. */
const PAGE = 100;

type Batch = [HeldSession, PendingChanges][];

/** Writes what changes in sessions: all that comes while one batch is written goes as the next. What cannot be written waits. */
export class SessionWriter {
  private pending = new Map<HeldSession, PendingChanges>();
  private loop: Promise<void> | undefined;
  private waiting: (() => void)[] = [];
  private stopped = false;

  constructor(
    private readonly context: ClusterContext,
    private readonly scripts: GatheredScripts,
    /** How far the log has been given to the sessions. */
    private readonly position: () => number,
    /** Somebody else holds it by now. */
    private readonly onLost: (session: HeldSession) => void,
  ) {}

  changesOf(session: HeldSession): PendingChanges {
    let changes = this.pending.get(session);
    if (!changes) this.pending.set(session, (changes = new PendingChanges()));
    this.loop ??= this.run();
    return changes;
  }

  /** Fulfilled when everything so far is written. */
  flushed(): Promise<void> {
    if (!this.loop) return Promise.resolve();
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  async stop(patienceMs: number): Promise<void> {
    await Promise.race([this.flushed(), sleep(patienceMs, undefined, { ref: false })]);
    this.stopped = true;
  }

  private async run(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    while (this.pending.size > 0 || this.waiting.length > 0) {
      const batch = [...this.pending];
      const { waiting } = this;
      this.pending = new Map();
      this.waiting = [];
      await this.write(batch);
      // Given up: nobody is told that it is written.
      if (this.stopped) return;
      for (const resolve of waiting) resolve();
    }
    this.loop = undefined;
  }

  private async write(batch: Batch): Promise<void> {
    const position = this.position();
    const groups = new Map<number, Batch>();
    for (const each of batch) {
      const partition = partitionOf(this.context.keys, each[0].clientId);
      const group = groups.get(partition);
      if (group) group.push(each);
      else groups.set(partition, [each]);
    }
    const pages = [...groups].flatMap(([partition, group]) =>
      inPages(group).map((page) => ({ partition, page })),
    );
    await Promise.all(pages.map(({ partition, page }) => this.writePage(partition, page, position)));
  }

  /** Done again until it succeeds: a second time it changes nothing. */
  private async writePage(partition: number, page: Batch, position: number): Promise<void> {
    const { keys, brokerId, logger } = this.context;
    const names = page.flatMap(([{ clientId }]) => [
      keys.mqttSession(partition, clientId),
      keys.mqttMessages(partition, clientId),
    ]);
    const held = keys.mqttHeld(partition, brokerId);
    const args = page.flatMap(([session, changes]) => argumentsOf(session, changes, position));
    while (!this.stopped) {
      try {
        const results = await this.scripts.run<number[]>('write-mqtt-sessions', [held, ...names], args);
        results.forEach((written, i) => written === 0 && this.onLost(page[i]![0]));
        return;
      } catch (error) {
        logger.warn({ error: String(error) }, 'MQTT sessions could not be written: tried again');
        await sleep(RETRY_MS);
      }
    }
  }
}

function inPages(group: Batch): Batch[] {
  const pages: Batch[] = [];
  for (let i = 0; i < group.length; i += PAGE) pages.push(group.slice(i, i + PAGE));
  return pages;
}

function argumentsOf({ clientId, epoch }: HeldSession, changes: PendingChanges, position: number) {
  changes.session.set('position', position);
  return [
    clientId,
    epoch,
    changes.fate,
    changes.life ?? '',
    ...changes.session.arguments(),
    ...changes.messages.arguments(),
  ];
}
