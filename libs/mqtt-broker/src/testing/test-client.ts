import { duplexPair, type Duplex } from 'node:stream';
import type { MqttBroker } from '../broker.js';
import type { PeerInfo } from '../client.js';
import { decodePacket } from '../codec/decoder.js';
import { encodePacket } from '../codec/encoder.js';
import { FrameAssembler } from '../codec/frame-assembler.js';
import {
  PacketType,
  type ConnackPacket,
  type ConnectPacket,
  type Packet,
  type ProtocolVersion,
  type Properties,
  type PublishPacket,
  type SubackPacket,
  type SubscriptionRequest,
} from '../codec/packets.js';

export const TEST_PEER: PeerInfo = { address: '192.0.2.1', secure: false, transport: 'tcp' };
const PATIENCE_MS = 3_000;

/** One end of an in-memory connection to a broker, speaking packet by packet: it does nothing on its own. */
export class TestClient {
  /** Arrived and not yet taken. */
  readonly inbox: Packet[] = [];
  readonly stream: Duplex;
  readonly closed: Promise<void>;
  isClosed = false;
  private readonly assembler = new FrameAssembler(256 * 1024 * 1024);
  private wake: () => void = () => {};

  constructor(
    broker: MqttBroker,
    readonly version: ProtocolVersion = 5,
    peer: PeerInfo = TEST_PEER,
  ) {
    const [near, far] = duplexPair();
    this.stream = near;
    this.closed = new Promise((resolve) => {
      near.on('end', () => this.onClosed(resolve)).on('close', () => this.onClosed(resolve));
    });
    // A pair does not pass on the destruction of one end; a network connection does.
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
    near.on('error', () => {}).on('data', (chunk: Buffer) => this.receive(chunk));
    broker.attach(far, peer);
  }

  /** Connects and takes the CONNACK. */
  static async connect(
    broker: MqttBroker,
    clientId: string,
    { version = 5, ...fields }: Partial<ConnectPacket> & { version?: ProtocolVersion } = {},
  ): Promise<TestClient> {
    const client = new TestClient(broker, version);
    const connack = await client.open(clientId, fields);
    if (connack.reasonCode !== 0) throw new Error(`CONNACK 0x${connack.reasonCode.toString(16)}`);
    return client;
  }

  connack: ConnackPacket | undefined;

  async open(clientId: string, fields: Partial<ConnectPacket> = {}): Promise<ConnackPacket> {
    this.sendConnect(clientId, fields);
    return (this.connack = await this.take(PacketType.CONNACK));
  }

  sendConnect(clientId: string, fields: Partial<ConnectPacket> = {}): void {
    const { version: protocolVersion } = this;
    this.send({ type: PacketType.CONNECT, protocolVersion, clean: true, keepAlive: 0, clientId, ...fields });
  }

  send(packet: Packet): void {
    this.write(encodePacket(packet, this.version));
  }

  write(bytes: Buffer): void {
    this.stream.write(bytes);
  }

  publish(topic: string, payload: string | Buffer, fields: Partial<PublishPacket> = {}): void {
    const message = {
      topic,
      payload: Buffer.from(payload),
      qos: 0,
      retain: false,
      dup: false,
      packetId: 0,
    } as const;
    this.send({ type: PacketType.PUBLISH, ...message, ...fields });
  }

  acknowledge(type: 4 | 5 | 6 | 7, packetId: number, reasonCode = 0): void {
    this.send({ type, packetId, reasonCode });
  }

  async subscribe(
    filter: string,
    fields: Partial<SubscriptionRequest> = {},
    properties?: Properties,
  ): Promise<SubackPacket> {
    const plain = { filter, qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
    this.send({
      type: PacketType.SUBSCRIBE,
      packetId: 1,
      subscriptions: [{ ...plain, ...fields }],
      properties,
    });
    return this.take(PacketType.SUBACK);
  }

  /** The next packet, which has to be of this type. */
  async take<T extends Packet['type']>(type: T): Promise<Packet & { type: T }> {
    const packet = await this.next();
    if (packet.type !== type) throw new Error(`expected packet type ${type}, got ${JSON.stringify(packet)}`);
    return packet as Packet & { type: T };
  }

  takePublish(): Promise<PublishPacket> {
    return this.take(PacketType.PUBLISH);
  }

  async next(): Promise<Packet> {
    const deadline = Date.now() + PATIENCE_MS;
    while (this.inbox.length === 0) {
      if (this.isClosed) throw new Error('connection closed');
      if (Date.now() > deadline) throw new Error('no packet came');
      await this.change();
    }
    return this.inbox.shift()!;
  }

  /** All that has come by the time the broker answers a PINGREQ, without the PINGRESP. */
  async settle(): Promise<Packet[]> {
    this.send({ type: PacketType.PINGREQ });
    const packets: Packet[] = [];
    for (let packet = await this.next(); packet.type !== PacketType.PINGRESP; packet = await this.next()) {
      packets.push(packet);
    }
    return packets;
  }

  /** Says goodbye, and waits for the end. */
  async leave(reasonCode = 0, properties?: Properties): Promise<void> {
    this.send({ type: PacketType.DISCONNECT, reasonCode, properties });
    await this.closed;
  }

  /** Goes without a word. */
  async vanish(): Promise<void> {
    this.stream.destroy();
    await this.closed;
    await tick();
  }

  private change(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, 250);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private onClosed(resolve: () => void): void {
    this.isClosed = true;
    this.stream.end();
    this.wake();
    resolve();
  }

  private receive(chunk: Buffer): void {
    this.assembler.push(chunk);
    while (this.assembler.next()) {
      const { firstByte, buffer, bodyStart, bodyEnd } = this.assembler;
      const packet = decodePacket(firstByte, buffer, bodyStart, bodyEnd, this.version);
      if (packet.type === 0) throw new Error(`broker sent ${packet.message}`);
      this.inbox.push(packet);
    }
    this.wake();
  }
}

/** Lets the event loop go round a few times. */
export async function tick(rounds = 3): Promise<void> {
  for (let i = 0; i < rounds; i++) await new Promise((resolve) => setImmediate(resolve));
}
