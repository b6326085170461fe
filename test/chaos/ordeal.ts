import { setTimeout as sleep } from 'node:timers/promises';
import { MqttDevice, PollDevice, type TestDevice, XmppDevice } from '../support/devices.js';
import { Installation } from '../support/gateway.js';
import { Rest } from '../support/rest.js';
import { until } from '../support/until.js';

const PAUSE_MS = 40;
const LANES = 4;

/** What a send was answered with. */
interface Refused {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly ms: number;
}

/** An api, a worker and an edge with a device of each transport, and a backend that sends without a break. */
export class Ordeal {
  readonly refused: Refused[] = [];
  readonly accepted = new Set<string>();
  /** Of connections that stand: polls come and go. */
  connectionsLost = 0;
  private sending = true;
  private n = 0;
  private lanes: Promise<void>[] = [];

  private constructor(
    private readonly installation: Installation,
    readonly rest: Rest,
    private readonly devices: readonly TestDevice[],
  ) {}

  static async begin(env: Record<string, string>): Promise<Ordeal> {
    const installation = new Installation(env);
    try {
      const [api, edge] = await Promise.all([
        installation.start('api'),
        installation.start('edge'),
        installation.start('worker'),
      ]);
      const rest = new Rest(api.url('HTTP'), installation.adminKey);
      const credentials = async (id: string) => ({ id, token: await rest.register(id, { tags: ['all'] }) });
      const mqtt = new MqttDevice(await credentials('mqtt'), { url: edge.url('MQTT') });
      const xmpp = new XmppDevice(await credentials('xmpp'), { service: edge.url('XMPP') });
      const poll = new PollDevice(await credentials('poll'), edge.url('HTTP'));
      const ordeal = new Ordeal(installation, rest, [mqtt, xmpp, poll]);
      for (const device of ordeal.devices) await device.connect();
      mqtt.client.on('close', () => ordeal.connectionsLost++);
      xmpp.client.on('disconnect', () => ordeal.connectionsLost++);
      ordeal.lanes = Array.from({ length: LANES }, () => ordeal.lane());
      await ordeal.goesOn();
      return ordeal;
    } catch (error) {
      await installation.end();
      throw error;
    }
  }

  /** Fulfilled when more was accepted than now. */
  async goesOn(): Promise<void> {
    const before = this.accepted.size;
    await until('sends are accepted', () => this.accepted.size > before + 5, Boolean, 40_000);
  }

  /** Fulfilled when all that was accepted has come to every device, and counts as acknowledged. */
  async settle(): Promise<void> {
    this.sending = false;
    await Promise.all(this.lanes);
    const missing = (): string[] =>
      this.devices.flatMap(({ credentials, ids }) => {
        const seen = new Set(ids);
        return [...this.accepted].filter((id) => !seen.has(id)).map((id) => `${id} at ${credentials.id}`);
      });
    await until('all have come', missing, ({ length }) => length === 0, 60_000);
    for (const id of this.accepted)
      await until(
        `the receipts of ${id}`,
        async () => (await this.rest.get(`/v1/notifications/${id}`)).body.counts,
        ({ acknowledged, pending }) => acknowledged === 3 && pending === 0,
        20_000,
      );
  }

  /** What came to a device and was never accepted. */
  strange(): string[] {
    return this.devices.flatMap(({ ids }) => ids.filter((id) => !this.accepted.has(id)));
  }

  /** What came to a device more than once. */
  repeated(): string[] {
    return this.devices.flatMap(({ ids }) => ids.filter((id, i) => ids.indexOf(id) !== i));
  }

  async end(): Promise<void> {
    this.sending = false;
    await Promise.allSettled(this.devices.map((device) => device.disconnect()));
    await this.installation.end();
  }

  private async lane(): Promise<void> {
    while (this.sending) {
      await this.sendUntilAccepted(String(this.n++));
      await sleep(PAUSE_MS);
    }
  }

  private async sendUntilAccepted(key: string): Promise<void> {
    const body = { audience: { tag: 'all' }, title: key };
    for (;;) {
      const began = Date.now();
      const answer = await this.rest.post('/v1/notifications', body, { 'idempotency-key': key });
      if (answer.status === 202) return void this.accepted.add(answer.body.id as string);
      const retryAfter = answer.headers.get('retry-after');
      this.refused.push({ status: answer.status, retryAfter, ms: Date.now() - began });
      await sleep(200);
    }
  }
}
