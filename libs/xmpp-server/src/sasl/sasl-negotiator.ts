import type { AuthenticationOutcome, PeerInfo } from '../hooks.js';
import type { ResolvedOptions } from '../options.js';
import type { Element } from '../stanza/element.js';
import { NS } from '../stream/namespaces.js';
import { StreamFault } from '../stream/stream-error.js';
import { PlainExchange } from './plain.js';
import {
  decodeBase64,
  failure,
  type SaslCondition,
  type SaslExchange,
  type SaslStep,
} from './sasl-failure.js';
import { ScramExchange } from './scram.js';

/** Who logged in. */
export interface Identity {
  username: string;
  principal: unknown;
}

/** What the connection does with the outcome. */
export interface SaslSink {
  send(xml: string): void;
  onAuthenticated(identity: Identity): void;
  /** Waits as long as this peer has deserved, before it is told of a failure. */
  penalty(): Promise<void>;
}

const MECHANISMS = ['SCRAM-SHA-256', 'SCRAM-SHA-1', 'PLAIN'] as const;
type Mechanism = (typeof MECHANISMS)[number];

/** SCRAM only if its keys are to be had. */
function offered({ hooks }: ResolvedOptions): readonly Mechanism[] {
  return hooks.scramCredentials ? MECHANISMS : ['PLAIN'];
}

export function mechanismsFeature(options: ResolvedOptions): string {
  const list = offered(options).map((name) => `<mechanism>${name}</mechanism>`);
  return `<mechanisms xmlns='${NS.sasl}'>${list.join('')}</mechanisms>`;
}

/** The SASL profile of XMPP (RFC 6120 §6): base64 payloads, aborts, and a bounded number of attempts. */
export class SaslNegotiator {
  private exchange: SaslExchange | undefined;
  private failures = 0;

  constructor(
    private readonly options: ResolvedOptions,
    private readonly peer: PeerInfo,
    private readonly sink: SaslSink,
  ) {}

  async onElement(element: Element): Promise<void> {
    switch (element.name) {
      case 'auth':
        return this.conclude(await this.begin(element));
      case 'response':
        return this.conclude(await this.proceed(element));
      case 'abort':
        this.exchange = undefined;
        return this.conclude(failure('aborted'));
      default:
        throw new StreamFault('unsupported-stanza-type');
    }
  }

  private begin(element: Element): SaslStep | Promise<SaslStep> {
    const mechanism = offered(this.options).find((name) => name === element.attrs['mechanism']);
    if (!mechanism) return failure('invalid-mechanism');
    this.exchange = this.createExchange(mechanism);
    const text = element.text;
    if (text === '') return this.exchange.respond(undefined);
    return this.respond(text === '=' ? '' : text);
  }

  private proceed(element: Element): SaslStep | Promise<SaslStep> {
    return this.exchange ? this.respond(element.text) : failure('malformed-request');
  }

  private respond(text: string): SaslStep | Promise<SaslStep> {
    const payload = decodeBase64(text);
    return payload ? this.exchange!.respond(payload) : failure('incorrect-encoding');
  }

  private createExchange(mechanism: Mechanism): SaslExchange {
    const { hooks, domain, scram } = this.options;
    if (mechanism === 'PLAIN') {
      return new PlainExchange({ domain, authenticate: (request) => this.authenticate(request) });
    }
    const lookup = async (username: string) => hooks.scramCredentials?.(username, mechanism);
    return new ScramExchange({ domain, mechanism, lookup, ...scram });
  }

  private authenticate(request: { username: string; password: string }): Promise<AuthenticationOutcome> {
    return this.options.hooks.authenticate({ ...request, peer: this.peer });
  }

  private conclude(step: SaslStep): void | Promise<void> {
    if (step.kind === 'challenge') {
      this.sink.send(element('challenge', step.data));
      return;
    }
    this.exchange = undefined;
    if (step.kind === 'success') {
      this.sink.send(element('success', step.data));
      this.sink.onAuthenticated({ username: step.username, principal: step.principal });
      return;
    }
    return this.fail(step.condition);
  }

  private async fail(condition: SaslCondition): Promise<void> {
    if (condition === 'not-authorized') await this.sink.penalty();
    this.sink.send(`<failure xmlns='${NS.sasl}'><${condition}/></failure>`);
    if (++this.failures >= this.options.limits.saslAttempts) {
      throw new StreamFault('policy-violation', 'too many failed log-ins');
    }
  }
}

function element(name: 'challenge' | 'success', data: string | undefined): string {
  if (data === undefined) return `<${name} xmlns='${NS.sasl}'/>`;
  const text = data === '' ? '=' : Buffer.from(data).toString('base64');
  return `<${name} xmlns='${NS.sasl}'>${name === 'challenge' && data === '' ? '' : text}</${name}>`;
}
