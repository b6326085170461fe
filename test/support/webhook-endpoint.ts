import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook as Verifier } from 'standardwebhooks';

export interface HookEvent {
  readonly id: string;
  readonly type: string;
  readonly at: string;
  readonly count?: number;
  readonly notificationId?: string;
  readonly deviceId?: string;
  readonly transport?: string;
  readonly edge?: string;
}

interface HookBody {
  readonly data: { readonly events: HookEvent[] };
}

/** A business backend that takes webhooks, and verifies each by the reference implementation. */
export class WebhookEndpoint {
  /** The `webhook-id` of each request that came. */
  readonly requests: string[] = [];
  readonly events: HookEvent[] = [];
  /** Told of each event that is taken. */
  onEvent: (event: HookEvent) => void = () => undefined;
  secrets: string[] = [];
  status = 200;
  private constructor(private readonly server: Server) {}

  static async start(): Promise<WebhookEndpoint> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const endpoint = new WebhookEndpoint(server);
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        endpoint.take(Buffer.concat(chunks).toString('utf8'), request.headers as Record<string, string>);
        response.writeHead(endpoint.status).end();
      });
    });
    return endpoint;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/hook`;
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  private take(body: string, headers: Record<string, string>): void {
    this.requests.push(headers['webhook-id']!);
    const verified = this.secrets.map((secret) => new Verifier(secret).verify(body, headers) as HookBody);
    if (this.status >= 300) return;
    const { events } = verified[0]!.data;
    this.events.push(...events);
    events.forEach(this.onEvent);
  }
}
