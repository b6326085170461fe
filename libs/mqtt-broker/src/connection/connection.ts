import type { Duplex } from 'node:stream';
import type { EnhancedAuthentication } from '../authentication/enhanced-authentication.js';
import type { DisconnectCause, PeerInfo } from '../client.js';
import { decodePacket } from '../codec/decoder.js';
import { PLAIN_ACKNOWLEDGEMENT_SIZE } from '../codec/encode-acknowledgement.js';
import { encodePacket } from '../codec/encoder.js';
import type { FrameAssembler } from '../codec/frame-assembler.js';
import { MAX_PACKET_SIZE } from '../codec/packet-writer.js';
import {
  PacketType,
  type AcknowledgementPacket,
  type DecodeFailure,
  type Packet,
  type ProtocolVersion,
  type Will,
} from '../codec/packets.js';
import type { Engine } from '../engine.js';
import { disconnectReasonCodes, ReasonCode, type DisconnectReason } from '../reason-codes.js';
import { openWindow, pump } from '../session/delivery.js';
import { partWithSession } from '../session/parting.js';
import type { Session } from '../session/session.js';
import { WheelEntry } from '../timers/timer-wheel.js';
import type { ConnectedClient } from './connected-client.js';
import { describe, recordEnd } from './connection-record.js';
import { sendDisconnect, sendRefusal } from './farewell.js';
import { Outbox } from './outbox.js';
import { rateLimitOf, type RateLimit } from './rate-limit.js';
import { listen } from './stream-events.js';
import type { TopicAliases } from './topic-aliases.js';

/**
 * - `opening`: nothing but a CONNECT may come
 * - `connecting`: a CONNECT is being looked at
 * - `connected`: CONNACK is out
 * - `closing`: the last packet is out, the peer may still read it
 */
export type ConnectionState = 'opening' | 'connecting' | 'connected' | 'closing' | 'closed';

const KEEPALIVE_FACTOR = 1.5; // [MQTT-3.1.2-22] (3.1.1: [MQTT-3.1.2-24])

/** One network connection: bytes to packets, packets in order to their handlers, and every way to end. */
export class Connection extends WheelEntry {
  // What each delivery touches stands together: with thousands of connections, memory that is far apart is what a delivery waits for.
  state: ConnectionState = 'opening';
  /** What the session holds may flow: it is resumed, and the client has been announced. */
  flowing = false;
  version: ProtocolVersion = 4;
  session: Session | undefined = undefined;
  aliases: TopicAliases | undefined = undefined;
  /** QoS 1 and 2 publications that may be on their way to the client. */
  receiveMaximum = 0;
  /** The client's Maximum Packet Size. */
  maxPacketSize = MAX_PACKET_SIZE;
  readonly outbox: Outbox;
  /** While bytes wait to be handled. */
  private assembler: FrameAssembler | undefined = undefined;
  private rate: RateLimit | undefined = undefined;
  /** When bytes came last, by `engine.age`. */
  private lastHeard: number;
  /** A handler's promise is not settled yet. */
  private busy = false;
  /** Reading has stopped. */
  private held = false;
  /** Something waits for the outbox to empty. */
  private strained = false;

  client: ConnectedClient | undefined = undefined;
  /** Client identifier of the CONNECT; undefined until there is one. */
  askedId: string | undefined = undefined;
  will: Will | undefined = undefined;
  /** Session Expiry Interval of the CONNECT was 0. */
  endsWithConnection = true;
  /** Of a client that named a method in its CONNECT. */
  authentication: EnhancedAuthentication | undefined = undefined;
  /** Never below the stream's own mark: only above that does a stream say when it has drained. */
  private readonly outboundBound: number;
  private keepAliveMs = 0;
  /** By `engine.age`. */
  private blockedSince = Infinity;

  constructor(
    readonly engine: Engine,
    readonly stream: Duplex,
    readonly peer: PeerInfo,
  ) {
    super();
    this.outbox = new Outbox(stream, engine.flusher, this);
    this.outboundBound = Math.max(engine.limits.maxOutboundBytes, stream.writableHighWaterMark);
    this.lastHeard = engine.age();
  }

  /** From here on bytes are read, and a CONNECT is waited for. */
  open(): void {
    this.engine.connections.add(this);
    this.engine.traffic.socketsOpened++;
    this.engine.wheel.schedule(this, this.engine.limits.connectTimeoutMs);
    listen(this.stream, this);
  }

  get live(): boolean {
    return this.state !== 'closing' && this.state !== 'closed';
  }

  /** The peer does not read what it is sent. Whoever is told so is let know when it does. */
  get congested(): boolean {
    const { unsentBytes } = this.outbox;
    if (unsentBytes === 0 || unsentBytes <= this.outboundBound) return false;
    this.strained = true;
    return true;
  }

  /** After the CONNECT: its keep alive in seconds, and packets as large as anybody's. */
  establish(keepAlive: number): void {
    this.state = 'connected';
    if (this.assembler) this.assembler.maxPacketSize = this.engine.limits.maxPacketSize;
    this.rate = rateLimitOf(this);
    this.keepAliveMs = keepAlive * 1000 * KEEPALIVE_FACTOR;
    this.engine.wheel.cancel(this);
    this.watch();
  }

  /** Queues a packet for the end of the tick. One above the client's Maximum Packet Size is not sent [MQTT-3.1.2-24]. */
  send(packet: Packet): boolean {
    const bytes = encodePacket(packet, this.version);
    if (bytes.length > this.maxPacketSize) return false;
    this.engine.traffic.messagesSent++;
    this.outbox.push(bytes);
    return true;
  }

  /** Answers a packet of QoS 1 or 2. */
  acknowledge(type: AcknowledgementPacket['type'], packetId: number, reasonCode: number): void {
    if (reasonCode !== ReasonCode.Success || this.maxPacketSize < PLAIN_ACKNOWLEDGEMENT_SIZE) {
      this.send({ type, packetId, reasonCode });
    } else {
      this.engine.traffic.messagesSent++;
      this.outbox.acknowledge(type, packetId);
    }
  }

  receive(chunk: Buffer): void {
    if (!this.live) return;
    this.lastHeard = this.engine.age();
    this.engine.traffic.bytesReceived += chunk.length;
    this.rate?.readBytes(chunk.length);
    this.assembler ??= this.lendAssembler();
    this.assembler.push(chunk);
    if (this.state === 'opening' && this.assembler.peek() !== PacketType.CONNECT << 4) {
      this.fail(ReasonCode.ProtocolError, 'first packet is not CONNECT'); // [MQTT-3.1.0-1]
    } else {
      this.process();
    }
  }

  drained(): void {
    this.blockedSince = Infinity;
    this.outbox.resume();
    this.relieved();
  }

  /** Called by the outbox after each write. */
  onWritten(blocked: boolean, bytes: number): void {
    this.engine.traffic.bytesSent += bytes;
    if (!blocked) {
      // Not from within the send that brought this write about.
      if (this.strained) queueMicrotask(() => this.relieved());
    } else if (this.blockedSince === Infinity) {
      this.blockedSince = this.engine.age();
      this.watch();
    }
  }

  /** The peer broke a rule: it is told in the protocol's own words, as far as its version has them. */
  fail(reasonCode: number, detail: string): void {
    if (!this.live) return;
    this.farewell(reasonCode, detail);
    this.finish({ by: 'server', reasonCode, detail }, true);
  }

  /**
   * The server wants it to end.
   * @param serverReference where the client may go instead (MQTT 5.0 §4.13.1)
   */
  disconnect(reason: DisconnectReason, serverReference?: string): void {
    if (!this.live) return;
    const reasonCode = disconnectReasonCodes[reason];
    if (this.state === 'connected') sendDisconnect(this, reasonCode, { serverReference });
    else if (this.state === 'connecting') sendRefusal(this, reasonCode, { serverReference });
    this.finish({ by: 'server', reasonCode, detail: reason }, true);
  }

  /** Turns a CONNECT down. Without a reason that the client's version knows, the connection just closes (3.1.1 [MQTT-3.2.2-6]). */
  refuse(reasonCode: number, detail: string): void {
    if (!this.live) return;
    sendRefusal(this, reasonCode, { reasonString: detail });
    this.finish({ by: 'server', reasonCode, detail }, false);
  }

  /** The client said goodbye. */
  leave(reasonCode: number, withWill: boolean): void {
    this.finish({ by: 'client', reasonCode, detail: 'disconnected' }, withWill);
  }

  /** The peer closed its side. */
  ended(): void {
    if (this.live)
      this.finish({ by: 'network', reasonCode: ReasonCode.UnspecifiedError, detail: 'closed by peer' }, true);
    else this.stream.destroy();
  }

  /** The stream is gone. */
  lost(detail: string): void {
    const cause: DisconnectCause = { by: 'network', reasonCode: ReasonCode.UnspecifiedError, detail };
    if (this.live) this.finish(cause, true);
    this.state = 'closed';
    this.outbox.discard();
    this.assembler = undefined;
    this.engine.wheel.cancel(this);
    this.engine.connections.delete(this);
  }

  destroy(): void {
    this.stream.destroy();
    this.lost('destroyed');
  }

  override expire(): void {
    switch (this.state) {
      case 'opening':
        this.finish(
          { by: 'server', reasonCode: ReasonCode.MaximumConnectTime, detail: 'no CONNECT in time' },
          false,
        );
        break;
      case 'connecting':
        this.refuse(ReasonCode.ServerUnavailable, 'authentication took too long');
        break;
      case 'connected':
        this.check();
        break;
      default:
        this.destroy();
    }
  }

  /** The client is no longer too fast. */
  proceed(): void {
    this.process();
  }

  private process(): void {
    while (this.live && !this.busy && !this.rate?.throttled && !this.congested && this.assembler?.next()) {
      const settled = this.handleFrame(this.assembler);
      if (settled) this.waitFor(settled);
    }
    if (this.assembler) this.putBy(this.assembler);
    this.steer();
  }

  private lendAssembler(): FrameAssembler {
    const { maxConnectPacketSize, maxPacketSize } = this.engine.limits;
    return this.engine.assemblers.lend(this.state === 'connected' ? maxPacketSize : maxConnectPacketSize);
  }

  /** For now there is no more that could be handled. */
  private putBy(assembler: FrameAssembler): void {
    const { failure, pending } = assembler;
    if (failure) {
      if (!this.busy) this.fail(failure.reasonCode, failure.message);
    } else if (pending === 0) {
      this.assembler = undefined;
      this.engine.assemblers.giveBack(assembler);
    }
  }

  private handleFrame({ firstByte, buffer, bodyStart, bodyEnd }: FrameAssembler): void | Promise<void> {
    this.engine.traffic.messagesReceived++;
    this.rate?.readPacket(firstByte);
    const packet = decodePacket(firstByte, buffer, bodyStart, bodyEnd, this.version);
    if (packet.type === 0) return this.undecodable(packet);
    try {
      return this.engine.handle(this, packet);
    } catch (error) {
      this.broken(error);
    }
  }

  private undecodable(failure: DecodeFailure): void {
    if (this.state === 'opening' && failure.protocolVersion !== undefined) {
      this.version = failure.protocolVersion;
      this.state = 'connecting';
    }
    this.fail(failure.reasonCode, failure.message);
  }

  private waitFor(promise: Promise<void>): void {
    this.busy = true;
    const proceed = (): void => {
      this.busy = false;
      this.lastHeard = this.engine.age();
      this.process();
    };
    promise.then(proceed, (error: unknown) => {
      this.broken(error);
      proceed();
    });
  }

  /** A fault of ours, not of the peer. */
  private broken(error: unknown): void {
    this.engine.clientLog.error('packet handler failed', { ...describe(this), error });
    this.fail(ReasonCode.UnspecifiedError, 'internal error');
  }

  /** Reads on, or stops reading, as the handlers and the peer's own reading allow. */
  private steer(): void {
    const hold = this.live && (this.busy || this.rate?.throttled === true || this.congested);
    if (hold === this.held) return;
    this.held = hold;
    if (hold) this.stream.pause();
    else this.stream.resume();
  }

  private relieved(): void {
    if (!this.live || !this.strained || this.congested) return;
    this.strained = false;
    if (this.session) {
      openWindow(this.session);
      pump(this.session);
    }
    if (this.held && !this.busy) this.process();
  }

  /** Schedules the next look at keep alive and stall. */
  private watch(): void {
    if (this.state !== 'connected') return;
    const alive = this.keepAliveMs > 0 ? this.lastHeard + this.keepAliveMs : Infinity;
    const next = Math.min(alive, this.blockedSince + this.engine.limits.stallTimeoutMs);
    if (next === Infinity) return;
    const delayMs = next - this.engine.age();
    if (this.slot !== -1 && this.deadline <= this.engine.now() + delayMs) return;
    this.engine.wheel.schedule(this, delayMs);
  }

  private check(): void {
    const now = this.engine.age();
    if (now - this.blockedSince >= this.engine.limits.stallTimeoutMs) {
      this.finish({ by: 'server', reasonCode: ReasonCode.QuotaExceeded, detail: 'reader stalled' }, true);
      this.destroy();
      return;
    }
    // Whom we do not listen to may well have spoken.
    if (this.busy || this.rate?.throttled) this.lastHeard = now;
    if (this.keepAliveMs > 0 && now - this.lastHeard >= this.keepAliveMs) {
      this.fail(ReasonCode.KeepAliveTimeout, 'keep alive timeout');
    } else {
      this.watch();
    }
  }

  private farewell(reasonCode: number, reasonString: string): void {
    if (this.state === 'connected') sendDisconnect(this, reasonCode, { reasonString });
    else if (this.state === 'connecting') sendRefusal(this, reasonCode, { reasonString });
  }

  /** The one end of every connection: session, will, hook, last bytes. */
  private finish(cause: DisconnectCause, withWill: boolean): void {
    if (!this.live) return;
    const { client, engine } = this;
    recordEnd(this, cause);
    this.state = 'closing';
    this.flowing = false;
    this.assembler = undefined;
    this.aliases = undefined;
    this.authentication = undefined;
    this.rate?.end();
    partWithSession(this, withWill && !engine.stopping);
    if (client?.announced) {
      engine.notify('onDisconnected', () => engine.hooks.onDisconnected?.(client, cause));
    }
    this.outbox.end();
    this.held = false;
    this.stream.resume();
    engine.wheel.schedule(this, engine.limits.lingerMs);
  }
}
