import { setTimeout as sleep } from 'node:timers/promises';
import { type DeviceSession, type DeviceWorld, Sightings, type TransportClient } from './device-session.js';

type PolledEnvelope = Parameters<Sightings['take']>[0];

/** A device that polls, and acknowledges by ids or by the cursor. */
export class PollTransportClient implements TransportClient {
  readonly transport = 'poll';

  constructor(private readonly world: DeviceWorld) {}

  connect(): Promise<DeviceSession> {
    const session = new PollLoop(this.world, this.world.edge('HTTP'));
    return Promise.resolve({ over: session.run(), leave: () => session.stop() });
  }
}

/** Polls one edge from the beginning of the inbox until something goes wrong. */
class PollLoop {
  private readonly abort = new AbortController();
  private readonly sightings: Sightings;
  private readonly acknowledging = new Set<Promise<void>>();
  private readonly seen: string[] = [];
  private cursor = '0';
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly world: DeviceWorld,
    private readonly baseUrl: string,
  ) {
    this.sightings = new Sightings(world, 'poll', async (event) => {
      await this.request('/v1/inbox/events', { method: 'POST', body: JSON.stringify(event) });
      return true;
    });
  }

  run(): Promise<void> {
    this.running = this.poll().catch(() => undefined);
    return this.running;
  }

  async stop(): Promise<void> {
    this.abort.abort();
    await this.running;
    await Promise.all(this.acknowledging);
  }

  private async poll(): Promise<void> {
    while (!this.abort.signal.aborted) {
      this.sightings.beginAnew();
      const answer = await this.request(`/v1/inbox?after=${this.cursor}&wait=20`);
      const page = (await answer.json()) as { notifications: PolledEnvelope[]; cursor: string };
      this.cursor = page.cursor;
      for (const envelope of page.notifications) this.sightings.take(envelope);
      const ids = page.notifications.map(({ id }) => id);
      this.seen.push(...ids);
      if (ids.length > 0) await this.acknowledgeLater(ids, page.cursor);
    }
  }

  /** While an acknowledgement is kept back, the next request is made already. */
  private async acknowledgeLater(ids: readonly string[], cursor: string): Promise<void> {
    const late = this.world.lateness();
    const done = sleep(late).then(() => this.acknowledge(ids, cursor));
    if (late === 0) return done;
    const tracked = done.catch(() => this.abort.abort()).finally(() => this.acknowledging.delete(tracked));
    this.acknowledging.add(tracked);
  }

  private async acknowledge(ids: readonly string[], cursor: string): Promise<void> {
    // The cursor stands for everything that this loop has seen up to it: it began at the beginning.
    const byCursor = this.world.dice.chance(0.1);
    const acknowledged = byCursor ? this.seen.slice(0, this.seen.indexOf(ids.at(-1)!) + 1) : ids;
    const body = JSON.stringify(byCursor ? { cursor } : { ids });
    await this.request('/v1/inbox/ack', { method: 'POST', body });
    this.world.ledger.confirm(this.world.credentials.id, acknowledged);
  }

  private async request(path: string, init: RequestInit = {}): Promise<Response> {
    const { id, token } = this.world.credentials;
    const answer = await fetch(this.baseUrl + path, {
      ...init,
      headers: {
        authorization: `Basic ${Buffer.from(`${id}:${token}`).toString('base64')}`,
        ...(init.body !== undefined && { 'content-type': 'application/json' }),
      },
      signal: AbortSignal.any([this.abort.signal, AbortSignal.timeout(40_000)]),
    });
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}`);
    return answer;
  }
}
