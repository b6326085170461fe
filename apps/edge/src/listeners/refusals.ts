import type { Socket } from 'node:net';
import { MqttBroker } from '@carillon/mqtt-broker';
import { XmppServer } from '@carillon/xmpp-server';
import type { Refusal } from './door/door.js';

/** Connections above a limit that are still told so at one time; more are closed without a word. */
const MAX_TOLD = 100;

/** Tells connections above a limit in their protocol's own words that they cannot be served, and sees them out. */
export abstract class Refusals {
  protected abstract readonly told: number;

  abstract start(): Promise<void>;

  /** @param address for the log */
  refuse(socket: Socket, reason: Refusal, address: string): void {
    if (this.told >= MAX_TOLD) socket.destroy();
    else this.tell(socket, reason, address);
  }

  abstract stop(): Promise<void>;

  protected abstract tell(socket: Socket, reason: Refusal, address: string): void;
}

/** A broker that lets nobody in: each CONNECT is answered by a CONNACK with Quota exceeded, or Connection rate exceeded (3.x: 3). */
export class MqttRefusals extends Refusals {
  private readonly quota: MqttBroker;
  private readonly rate: MqttBroker;

  /** @param connectTimeoutMs how long a CONNECT may take */
  constructor(connectTimeoutMs: number) {
    super();
    this.quota = refusingBroker('quota-exceeded', connectTimeoutMs);
    this.rate = refusingBroker('connection-rate-exceeded', connectTimeoutMs);
  }

  protected get told(): number {
    return this.quota.connectionCount + this.rate.connectionCount;
  }

  async start(): Promise<void> {
    await Promise.all([this.quota.start(), this.rate.start()]);
  }

  async stop(): Promise<void> {
    await Promise.all([this.quota.stop('shutting-down', 0), this.rate.stop('shutting-down', 0)]);
  }

  protected tell(socket: Socket, reason: Refusal, address: string): void {
    const broker = reason === 'rate' ? this.rate : this.quota;
    broker.attach(socket, { address, secure: false, transport: 'tcp' });
  }
}

/** A server without room: each stream is answered by the error `resource-constraint` (RFC 6120 §4.9.3.17). */
export class XmppRefusals extends Refusals {
  private readonly server: XmppServer;

  constructor(domain: string) {
    super();
    this.server = new XmppServer({
      domain,
      tls: 'off',
      hooks: { authenticate: () => Promise.resolve({ ok: false, reason: 'temporary-auth-failure' }) },
      limits: { connections: 0 },
    });
  }

  protected get told(): number {
    return this.server.connectionCount;
  }

  start(): Promise<void> {
    this.server.start();
    return Promise.resolve();
  }

  stop(): Promise<void> {
    return this.server.stop('system-shutdown', 0);
  }

  protected tell(socket: Socket, _reason: Refusal, address: string): void {
    this.server.attach(socket, { address, secure: false, transport: 'tcp' });
  }
}

function refusingBroker(
  reason: 'quota-exceeded' | 'connection-rate-exceeded',
  connectTimeoutMs: number,
): MqttBroker {
  return new MqttBroker({
    hooks: { authenticate: () => ({ ok: false, reason }) },
    limits: { connectTimeoutMs },
  });
}
