import type { ConnectRequest } from '../client.js';
import type { ConnectPacket } from '../codec/packets.js';
import type {
  AuthenticationExchange,
  AuthenticationMethod,
  AuthenticationStep,
} from './authentication-method.js';

/** However a method goes about it, it comes to an end. */
const MAX_ROUNDS = 10;

/** The enhanced authentication of one connection: its method, and the exchange that is under way, if any. */
export class EnhancedAuthentication {
  /** Who it was the first time; undefined until then. */
  username: string | undefined;
  /** What the method had to say with its success, for the CONNACK. */
  finalData: Buffer | undefined;
  /** The CONNECT that waits for it. */
  packet: ConnectPacket | undefined;
  private exchange: AuthenticationExchange | undefined;
  private rounds = 0;

  constructor(
    readonly method: AuthenticationMethod,
    private readonly request: ConnectRequest,
    packet: ConnectPacket,
  ) {
    this.packet = packet;
    this.begin();
  }

  get underWay(): boolean {
    return this.exchange !== undefined;
  }

  begin(): void {
    this.exchange = this.method.begin(this.request);
    this.rounds = 0;
  }

  /** The next step; after success and failure the exchange is over. */
  async respond(data: Buffer | undefined): Promise<AuthenticationStep> {
    const { exchange } = this;
    if (!exchange || ++this.rounds > MAX_ROUNDS) return { kind: 'failure', reason: 'not-authorized' };
    const step = await exchange.respond(data);
    if (step.kind !== 'continue') this.exchange = undefined;
    return step;
  }
}
