import type { TransportKind } from '@carillon/domain';
import type { Credentials } from '../../support/devices.js';
import type { Dice } from '../dice.js';
import type { Ledger } from '../ledger/ledger.js';

/** How a device leaves: with the protocol's words, or as a phone in a tunnel. */
export type Leaving = 'politely' | 'cut';

/** A device's connection over one transport. */
export interface DeviceSession {
  /** Fulfilled when it is over, whoever ended it. */
  readonly over: Promise<void>;
  leave(how: Leaving): Promise<void>;
}

/** What a device of a run has at hand. */
export interface DeviceWorld {
  readonly credentials: Credentials;
  readonly ledger: Ledger;
  readonly dice: Dice;
  /** The address of some edge that runs now, by the name of its listener. */
  edge(listener: 'HTTP' | 'MQTT' | 'XMPP'): string;
  /** So long the device keeps an acknowledgement back now, ms; mostly 0. */
  lateness(): number;
}

export interface TransportClient {
  readonly transport: TransportKind;
  /** @returns a session that takes pushes */
  connect(): Promise<DeviceSession>;
}

interface Envelope {
  readonly id: string;
  readonly seq: number;
  readonly kind: string;
  readonly recalls?: string;
  readonly data: { readonly n: number; readonly priority: 'high' | 'normal' };
}

let connections = 0;
/** Share of what a device sees that it says it has shown, and of that what a person opens. */
const SHOWN = 0.1;
const OPENED = 0.5;

/** Reports an event; fulfilled when the gateway has answered for it, `false` where the protocol has no answer. */
export type Reporter = (event: { type: 'displayed' | 'opened'; id: string }) => Promise<boolean>;

/** Writes down what one connection of a device brings. */
export class Sightings {
  private readonly connection = ++connections;

  constructor(
    private readonly world: DeviceWorld,
    private readonly transport: TransportKind,
    private readonly reporter: Reporter,
    private begunTick = world.ledger.tick(),
  ) {}

  /** What comes from now on was asked for now. */
  beginAnew(): void {
    this.begunTick = this.world.ledger.tick();
  }

  take(envelope: Envelope): void {
    const { id, seq, kind, data, recalls } = envelope;
    if (kind === 'recall') return this.world.ledger.seeRecall(recalls!, this.world.credentials.id);
    if (this.world.dice.chance(SHOWN))
      void this.show(id, this.world.dice.chance(OPENED)).catch(() => undefined);
    this.world.ledger.see({
      device: this.world.credentials.id,
      transport: this.transport,
      connection: this.connection,
      begunTick: this.begunTick,
      id,
      seq,
      ...data,
    });
  }

  /** A report that is not answered for may have been heard all the same. */
  private async show(id: string, isOpened: boolean): Promise<void> {
    await this.report(id, 'displayed');
    if (isOpened) await this.report(id, 'opened');
  }

  private async report(id: string, state: 'displayed' | 'opened'): Promise<void> {
    const device = this.world.credentials.id;
    if (await this.reporter({ type: state, id })) this.world.ledger.report({ id, device, state });
  }
}
