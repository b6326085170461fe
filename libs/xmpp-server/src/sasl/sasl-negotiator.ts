import type { Element } from '../stanza/element.js';
import { NS } from '../stream/namespaces.js';
import { StreamFault } from '../stream/stream-error.js';
import type { Mechanisms } from './mechanisms.js';
import {
  decodeBase64,
  encodeBase64,
  failure,
  type SaslCondition,
  type SaslExchange,
  type SaslStep,
} from './sasl-failure.js';

/** Who logged in. */
export interface Identity {
  username: string;
  principal: unknown;
}

/** What the connection does with the outcome. */
export interface SaslSink {
  send(xml: string): void;
  onAuthenticated(identity: Identity): void;
}

export function mechanismsFeature(mechanisms: Mechanisms): string {
  return `<mechanisms xmlns='${NS.sasl}'>${mechanisms.list}</mechanisms>` + mechanisms.bindingsFeature;
}

/** The SASL profile of XMPP (RFC 6120 §6): base64 payloads, aborts, and a bounded number of attempts. */
export class SaslNegotiator {
  private exchange: SaslExchange | undefined;

  constructor(
    private readonly mechanisms: Mechanisms,
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
    this.exchange = this.mechanisms.begin(element.attrs['mechanism']);
    if (!this.exchange) return failure('invalid-mechanism');
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

  private conclude(step: SaslStep): void | Promise<void> {
    if (step.kind === 'challenge') return this.sink.send(element('challenge', step.data));
    this.exchange = undefined;
    if (step.kind === 'failure') return this.fail(step.condition);
    this.sink.send(element('success', step.data));
    this.sink.onAuthenticated({ username: step.username, principal: step.principal });
  }

  private async fail(condition: SaslCondition): Promise<void> {
    await this.mechanisms.beforeFailure(condition);
    this.sink.send(`<failure xmlns='${NS.sasl}'><${condition}/></failure>`);
    this.mechanisms.countFailure();
  }
}

function element(name: 'challenge' | 'success', data: string | Buffer | undefined): string {
  if (data === undefined) return `<${name} xmlns='${NS.sasl}'/>`;
  const text = data.length === 0 ? (name === 'challenge' ? '' : '=') : encodeBase64(data);
  return `<${name} xmlns='${NS.sasl}'>${text}</${name}>`;
}
