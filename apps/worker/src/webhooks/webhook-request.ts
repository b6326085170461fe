import { lookup, type LookupAddress } from 'node:dns';
import http from 'node:http';
import https from 'node:https';
import type { LookupFunction } from 'node:net';
import type { WebhookAddresses } from '@carillon/domain';

/** An answer has to be complete after so long, ms. */
export const ATTEMPT_TIMEOUT = 10_000;
/** What an endpoint answers is of no interest beyond so many bytes. */
const MAX_ANSWER = 64 * 1024;
const IDLE_SOCKET = 5_000;

export type AttemptResult =
  { readonly status: number; readonly retryAfter?: string } | { readonly error: string };

/**
 * Posts to endpoints on the internet that somebody else has named: the address is resolved, checked and connected to in one
 * go, so that a name cannot show one address to the check and another to the connection. Redirects are answers like others.
 */
export class WebhookRequests {
  private readonly agents = {
    'http:': new http.Agent({ keepAlive: true, timeout: IDLE_SOCKET }),
    'https:': new https.Agent({ keepAlive: true, timeout: IDLE_SOCKET }),
  };

  constructor(
    private readonly addresses: WebhookAddresses,
    private readonly timeoutMs = ATTEMPT_TIMEOUT,
  ) {}

  close(): void {
    for (const agent of Object.values(this.agents)) agent.destroy();
  }

  async post(url: string, headers: Readonly<Record<string, string>>, body: string): Promise<AttemptResult> {
    const fault = this.addresses.faultOf(url);
    if (fault !== undefined) return { error: `the URL ${fault}` };
    try {
      return await this.send(new URL(url), headers, body);
    } catch (error) {
      return { error: messageOf(error) };
    }
  }

  private send(url: URL, headers: Readonly<Record<string, string>>, body: string): Promise<AttemptResult> {
    const protocol = url.protocol as keyof typeof this.agents;
    const { request } = protocol === 'https:' ? https : http;
    return new Promise((resolve, reject) => {
      const sent = request(url, {
        method: 'POST',
        headers: { ...headers, 'content-length': Buffer.byteLength(body) },
        agent: this.agents[protocol],
        lookup: this.checkedLookup(protocol === 'https:'),
        signal: AbortSignal.timeout(this.timeoutMs),
      });
      sent.once('error', reject);
      sent.once('response', (response) => {
        response.once('error', reject);
        readOut(response, resolve);
      });
      sent.end(body);
    });
  }

  /** Gives the connection only addresses that may be reached. */
  private checkedLookup(isTls: boolean): LookupFunction {
    return (hostname, options, callback) => {
      lookup(hostname, { ...options, all: true }, (error, found) => {
        if (error) return callback(error, '', 0);
        const usable = found.filter(({ address }) => this.addresses.mayReach(address, isTls));
        if (usable.length === 0) return callback(refused(hostname), '', 0);
        if (options.all) return (callback as unknown as AllAddresses)(null, usable);
        callback(null, usable[0]!.address, usable[0]!.family);
      });
    };
  }
}

type AllAddresses = (error: null, addresses: LookupAddress[]) => void;

const refused = (host: string): Error => new Error(`${host} has no address that webhooks may be posted to`);

/** The body is read so that the connection can be used again, but not more of it than anybody sends in good faith. */
function readOut(response: http.IncomingMessage, done: (result: AttemptResult) => void): void {
  const { statusCode = 0, headers } = response;
  const result = {
    status: statusCode,
    ...(headers['retry-after'] && { retryAfter: headers['retry-after'] }),
  };
  let bytes = 0;
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= MAX_ANSWER) return;
    response.destroy();
    done(result);
  });
  response.once('end', () => done(result));
}

function messageOf(error: unknown): string {
  const { name, message, code } = error as NodeJS.ErrnoException;
  if (name === 'TimeoutError' || name === 'AbortError') return 'no complete answer in time';
  return (message || code || String(error)).slice(0, 300);
}
