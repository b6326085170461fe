import type { HtMechanism } from '../hooks.js';
import type { ResolvedOptions } from '../options.js';
import type { Element } from '../stanza/element.js';
import { NS } from '../stream/namespaces.js';
import { StreamFault } from '../stream/stream-error.js';
import { HtExchange, htMechanisms } from './ht.js';
import type { Mechanisms } from './mechanisms.js';
import type { Identity } from './sasl-negotiator.js';
import {
  decodeBase64,
  encodeBase64,
  failure,
  type SaslCondition,
  type SaslExchange,
  type SaslStep,
} from './sasl-failure.js';

/** What a client wants along with its log-in, each as it sent it. */
export interface Sasl2Request {
  bind: Element | undefined;
  resume: Element | undefined;
  /** Names the installation of a client: lower case, as UUIDs are. */
  clientId: string | undefined;
  /** The mechanism of the token that is asked for. */
  tokenFor: HtMechanism | undefined;
  /** Set when the log-in is by a token. */
  fast: { mechanism: HtMechanism; invalidate: boolean } | undefined;
}

export interface Sasl2Success {
  identity: Identity;
  request: Sasl2Request;
  /** Serialised `<additional-data/>`. */
  data: string;
  /** When the token that was used expires. */
  tokenExpiresAt: Date | undefined;
}

export interface Sasl2Sink {
  send(xml: string): void;
  onAuthenticated(success: Sasl2Success): Promise<void>;
}

const CLIENT_ID = /^[\w-]{1,64}$/;
const COUNT = /^\d{1,15}$/;

/** Extensible SASL (XEP-0388): the same mechanisms, and what follows a log-in in the same round trip. */
export class Sasl2Negotiator {
  private exchange: SaslExchange | undefined;
  private request: Sasl2Request | undefined;

  constructor(
    private readonly options: ResolvedOptions,
    private readonly mechanisms: Mechanisms,
    private readonly sink: Sasl2Sink,
  ) {}

  feature(inline: string): string {
    return (
      `<authentication xmlns='${NS.sasl2}'>${this.mechanisms.list}` +
      `<inline>${inline}${this.fastFeature()}</inline></authentication>`
    );
  }

  async onElement(element: Element): Promise<void> {
    switch (element.name) {
      case 'authenticate':
        return this.conclude(await this.begin(element));
      case 'response':
        return this.conclude(await this.proceed(element));
      case 'abort':
        return this.conclude(failure('aborted'));
      default:
        throw new StreamFault('unsupported-stanza-type');
    }
  }

  /** Tokens are for encrypted connections alone (XEP-0484 §5). */
  private get fastMechanisms(): HtMechanism[] {
    const { fast } = this.options.hooks;
    return fast && this.mechanisms.connection.secure ? htMechanisms(this.mechanisms.connection.bindings) : [];
  }

  private fastFeature(): string {
    const list = this.fastMechanisms.map((name) => `<mechanism>${name}</mechanism>`);
    return list.length === 0 ? '' : `<fast xmlns='${NS.fast}'>${list.join('')}</fast>`;
  }

  private begin(element: Element): SaslStep | Promise<SaslStep> {
    const request = this.readRequest(element);
    if (!request) return failure('malformed-request');
    this.request = request;
    this.exchange = request.fast
      ? this.beginFast(element, request)
      : this.mechanisms.begin(element.attrs['mechanism']);
    if (!this.exchange) return failure('invalid-mechanism');
    const initial = element.childText('initial-response');
    return initial === undefined ? this.exchange.respond(undefined) : this.respond(initial);
  }

  private readRequest(element: Element): Sasl2Request | undefined {
    const id = element.child('user-agent')?.attrs['id'];
    const wanted = element.child('request-token', NS.fast)?.attrs['mechanism'];
    const fast = element.child('fast', NS.fast);
    const mechanism = this.fastMechanism(element.attrs['mechanism']);
    if (id !== undefined && !CLIENT_ID.test(id)) return undefined;
    if (fast ? !mechanism || !id : mechanism) return undefined;
    return {
      bind: element.child('bind', NS.bind2),
      resume: element.child('resume', NS.sm),
      clientId: id?.toLowerCase(),
      tokenFor: this.fastMechanism(wanted),
      fast: fast && { mechanism: mechanism!, invalidate: isTrue(fast.attrs['invalidate']) },
    };
  }

  private fastMechanism(name: string | undefined): HtMechanism | undefined {
    return this.fastMechanisms.find((each) => each === name);
  }

  private beginFast(element: Element, { fast, clientId }: Sasl2Request): SaslExchange | undefined {
    const count = element.child('fast', NS.fast)?.attrs['count'];
    if (count !== undefined && !COUNT.test(count)) return undefined;
    return new HtExchange({
      mechanism: fast!.mechanism,
      clientId: clientId!,
      count: count === undefined ? undefined : Number(count),
      tokens: this.options.hooks.fast!,
      bindings: this.mechanisms.connection.bindings,
    });
  }

  private proceed(element: Element): SaslStep | Promise<SaslStep> {
    return this.exchange ? this.respond(element.text) : failure('malformed-request');
  }

  private respond(text: string): SaslStep | Promise<SaslStep> {
    const payload = decodeBase64(text === '=' ? '' : text);
    return payload ? this.exchange!.respond(payload) : failure('incorrect-encoding');
  }

  private conclude(step: SaslStep): void | Promise<void> {
    if (step.kind === 'challenge') {
      const data = step.data.length === 0 ? '=' : encodeBase64(step.data);
      return this.sink.send(`<challenge xmlns='${NS.sasl2}'>${data}</challenge>`);
    }
    const { request } = this;
    this.exchange = this.request = undefined;
    if (step.kind === 'failure') return this.fail(step.condition);
    return this.sink.onAuthenticated({
      identity: { username: step.username, principal: step.principal },
      request: request!,
      data: step.data === undefined ? '' : `<additional-data>${encodeBase64(step.data)}</additional-data>`,
      tokenExpiresAt: step.token?.expiresAt,
    });
  }

  private async fail(condition: SaslCondition): Promise<void> {
    await this.mechanisms.beforeFailure(condition);
    this.sink.send(`<failure xmlns='${NS.sasl2}'><${condition} xmlns='${NS.sasl}'/></failure>`);
    this.mechanisms.countFailure();
  }
}

function isTrue(value: string | undefined): boolean {
  return value === 'true' || value === '1';
}
