import { X509Certificate } from 'node:crypto';
import type { AuthenticationOutcome, PeerInfo, ScramMechanism } from '../hooks.js';
import type { ResolvedOptions } from '../options.js';
import { NS } from '../stream/namespaces.js';
import { StreamFault } from '../stream/stream-error.js';
import { ChannelBindings } from './channel-binding.js';
import { ExternalExchange } from './external.js';
import { PlainExchange } from './plain.js';
import type { SaslCondition, SaslExchange } from './sasl-failure.js';
import { ScramExchange } from './scram.js';

/** The connection under a log-in, at the time its mechanisms are offered. */
export interface LogInConnection {
  readonly peer: PeerInfo;
  readonly secure: boolean;
  readonly bindings: ChannelBindings;
  /** Waits as long as this peer has deserved, before it is told of a failure. */
  penalty(): Promise<void>;
}

const SCRAM: readonly ScramMechanism[] = ['SCRAM-SHA-256', 'SCRAM-SHA-1'];
const PLUS = '-PLUS';

/** The mechanisms of one connection, whichever profile of SASL they are used in, and the bound on their failures. */
export class Mechanisms {
  /** The strongest first. */
  readonly names: readonly string[];
  private failures: number;

  constructor(
    private readonly options: ResolvedOptions,
    readonly connection: LogInConnection,
    /** Of the same connection before TLS: its failures count on. */
    former?: Mechanisms,
  ) {
    this.failures = former?.failures ?? 0;
    this.names = [...this.external(), ...this.scram(), 'PLAIN'];
  }

  /** As `<mechanism/>` elements. */
  get list(): string {
    return this.names.map((name) => `<mechanism>${name}</mechanism>`).join('');
  }

  /** The bindings that -PLUS mechanisms take (XEP-0440). */
  get bindingsFeature(): string {
    const { types } = this.connection.bindings;
    if (types.length === 0 || !this.options.hooks.scramCredentials) return '';
    const list = types.map((type) => `<channel-binding type='${type}'/>`);
    return `<sasl-channel-binding xmlns='${NS.channelBinding}'>${list.join('')}</sasl-channel-binding>`;
  }

  /** undefined for a mechanism that is not offered. */
  begin(name: string | undefined): SaslExchange | undefined {
    if (name === undefined || !this.names.includes(name)) return undefined;
    if (name === 'EXTERNAL') return this.beginExternal();
    if (name === 'PLAIN') return this.beginPlain();
    return this.beginScram(name);
  }

  /** Waits before the answer to a failure; call `countFailure` after it. */
  async beforeFailure(condition: SaslCondition): Promise<void> {
    if (condition === 'not-authorized') await this.connection.penalty();
  }

  /** @throws StreamFault after too many failures */
  countFailure(): void {
    if (++this.failures < this.options.limits.saslAttempts) return;
    throw new StreamFault('policy-violation', 'too many failed log-ins');
  }

  private external(): string[] {
    const { hooks } = this.options;
    return this.connection.peer.certificate && hooks.authenticateCertificate ? ['EXTERNAL'] : [];
  }

  /** Only if its keys are to be had, and with channel binding where there is something to bind to. */
  private scram(): string[] {
    if (!this.options.hooks.scramCredentials) return [];
    const binds = this.connection.bindings.types.length > 0;
    return SCRAM.flatMap((name) => (binds ? [name + PLUS, name] : [name]));
  }

  private beginExternal(): SaslExchange {
    const { hooks, domain } = this.options;
    const { peer } = this.connection;
    return new ExternalExchange({
      domain,
      certificate: new X509Certificate(peer.certificate!.raw),
      authenticate: (request) => hooks.authenticateCertificate!({ ...request, peer }),
    });
  }

  private beginPlain(): SaslExchange {
    const { hooks, domain } = this.options;
    const { peer } = this.connection;
    const authenticate = (request: { username: string; password: string }): Promise<AuthenticationOutcome> =>
      hooks.authenticate({ ...request, peer });
    return new PlainExchange({ domain, authenticate });
  }

  private beginScram(name: string): SaslExchange {
    const { hooks, domain, scram } = this.options;
    const plus = name.endsWith(PLUS);
    const mechanism = (plus ? name.slice(0, -PLUS.length) : name) as ScramMechanism;
    const lookup = async (username: string) => hooks.scramCredentials?.(username, mechanism);
    return new ScramExchange({
      domain,
      mechanism,
      lookup,
      plus,
      bindings: this.connection.bindings,
      ...scram,
    });
  }
}
