import {
  encodePublishHead,
  propertyBlock,
  writePacketId,
  type PublishHead,
} from '../codec/encode-publish.js';
import type { Properties, QoS } from '../codec/packets.js';
import type { LoggedPublication } from '../cluster/publication-log.js';
import type { BrokerMessage, MessageProperties } from '../message.js';

/** How one recipient wants a publication. */
export interface WireVariant {
  v5: boolean;
  qos: QoS;
  retain: boolean;
  identifiers: number[] | undefined;
  /** 0: none; n: this topic alias, set with the topic; -n: this alias, already known, without the topic. */
  alias: number;
}

/** A publication encoded for all recipients that want it alike; only the packet identifier differs. */
export class WireForm {
  private readonly v5: boolean;
  private readonly qos: QoS;
  private readonly retain: boolean;
  private readonly identifiers: number[] | undefined;
  private readonly alias: number;
  private lastId = 0;
  /** Under the identifier handed out last: at first the very bytes encoded, later a copy. */
  private lastBytes: Buffer;

  constructor(
    { v5, qos, retain, identifiers, alias }: WireVariant,
    /** Seconds left of its life when it was encoded. */
    private readonly remaining: number,
    readonly head: PublishHead,
  ) {
    this.v5 = v5;
    this.qos = qos;
    this.retain = retain;
    this.identifiers = identifiers;
    this.alias = alias;
    this.lastBytes = head.bytes;
  }

  /** The bytes (up to the payload, if that is not inline) under a packet identifier; at QoS 0 the id is 0. */
  withPacketId(packetId: number): Buffer {
    if (this.head.packetIdAt === 0) return this.head.bytes;
    // Clients in step (each at the same identifier) share the bytes.
    if (packetId === this.lastId) return this.lastBytes;
    if (this.lastId !== 0) this.lastBytes = Buffer.from(this.head.bytes);
    writePacketId(this.lastBytes, this.head.packetIdAt, packetId);
    this.lastId = packetId;
    return this.lastBytes;
  }

  serves({ v5, qos, retain, identifiers, alias }: WireVariant, remaining: number): boolean {
    return (
      this.v5 === v5 &&
      this.qos === qos &&
      this.retain === retain &&
      this.alias === alias &&
      this.remaining === remaining &&
      sameIdentifiers(this.identifiers, identifiers)
    );
  }
}

function sameIdentifiers(a: number[] | undefined, b: number[] | undefined): boolean {
  if (a === b) return true;
  if (!a || !b || a.length !== b.length) return false;
  return a.every((identifier, i) => identifier === b[i]);
}

const MAX_OTHER_FORMS = 7;
const NO_FORMS: readonly WireForm[] = [];
const FOREVER = -1;

/** What an object costs besides its bytes. */
const OVERHEAD = 128;

function propertiesWeight(properties: MessageProperties | undefined): number {
  if (properties === undefined) return 0;
  const { contentType = '', responseTopic = '', correlationData, userProperties = [] } = properties;
  let weight = OVERHEAD + contentType.length + responseTopic.length + (correlationData?.length ?? 0);
  for (const [name, value] of userProperties) weight += OVERHEAD + name.length + value.length;
  return weight;
}

/** Not from the pool of small buffers: what is kept for long would hold on to all of it. */
function ownCopy(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}

/** A message on its way through the broker: shared by all its recipients, encoded once for each wire form. */
export class Publication {
  readonly topic: string;
  readonly payloadLength: number;
  readonly qos: QoS;
  readonly retain: boolean;
  properties: MessageProperties | undefined;
  /** Milliseconds on the broker's clock, Infinity without a message expiry interval. */
  readonly expiresAt: number;
  /** These end with the payload. */
  private bytes: Buffer;
  /** Most publications need just one. */
  private firstForm: WireForm | undefined = undefined;
  private otherForms: WireForm[] | undefined = undefined;
  private detached = false;

  /** @param publisher client id, for no-local; undefined for the server itself */
  constructor(
    message: BrokerMessage,
    now: () => number,
    readonly publisher: string | undefined,
  ) {
    this.topic = message.topic;
    this.bytes = message.payload;
    this.payloadLength = message.payload.length;
    this.qos = message.qos;
    this.retain = message.retain;
    this.properties = message.properties;
    const interval = message.properties?.messageExpiryInterval;
    this.expiresAt = interval === undefined ? Infinity : now() + interval * 1000;
  }

  static fromLog(logged: LoggedPublication): Publication {
    const interval = logged.properties?.messageExpiryInterval;
    const { topic, payload, qos, retain, properties, publisher } = logged;
    const receivedAt = interval === undefined ? 0 : logged.expiresAt - interval * 1000;
    return new Publication(
      { topic, payload, qos, retain, ...(properties && { properties }) },
      () => receivedAt,
      publisher,
    );
  }

  /** Milliseconds on the broker's clock; undefined where it does not matter, without a message expiry interval. */
  get receivedAt(): number | undefined {
    const interval = this.properties?.messageExpiryInterval;
    return interval === undefined ? undefined : this.expiresAt - interval * 1000;
  }

  logged(): LoggedPublication {
    const { topic, payload, qos, retain, properties, publisher, expiresAt } = this;
    return { topic, payload, qos, retain, properties, publisher, expiresAt };
  }

  get payload(): Buffer {
    const { bytes, payloadLength } = this;
    return bytes.length === payloadLength ? bytes : bytes.subarray(bytes.length - payloadLength);
  }

  /** Bytes that it is charged for while it is kept: an estimate of all it holds. */
  get weight(): number {
    return this.payloadLength + this.topic.length + propertiesWeight(this.properties) + OVERHEAD;
  }

  get expires(): boolean {
    return this.expiresAt !== Infinity;
  }

  expired(now: number): boolean {
    return now >= this.expiresAt;
  }

  /** Makes the payload its own before it is kept: it was a view on the publisher's bytes. An encoded form is a copy already. */
  detach(): this {
    if (this.detached) return this;
    const head = this.firstForm?.head;
    this.bytes = head?.inline ? head.bytes : ownCopy(this.bytes);
    const { properties } = this;
    if (properties?.correlationData) {
      this.properties = { ...properties, correlationData: Buffer.from(properties.correlationData) };
    }
    this.detached = true;
    return this;
  }

  /** With the interval that is left [MQTT-3.3.2-6]. */
  propertiesAt(now: number): MessageProperties | undefined {
    if (this.expiresAt === Infinity) return this.properties;
    return { ...this.properties, messageExpiryInterval: this.secondsLeft(now) };
  }

  form(wanted: WireVariant, now: () => number): WireForm {
    const remaining = wanted.v5 && this.expires ? this.secondsLeft(now()) : FOREVER;
    if (this.firstForm?.serves(wanted, remaining)) return this.firstForm;
    for (const form of this.otherForms ?? NO_FORMS) if (form.serves(wanted, remaining)) return form;
    return this.keep(new WireForm(wanted, remaining, this.encode(wanted, remaining)));
  }

  /** The fan-out is over: what stays for queues and acknowledgements keeps no encoded forms. */
  settle(): void {
    if (this.detached) this.firstForm = this.otherForms = undefined;
  }

  private keep(form: WireForm): WireForm {
    if (this.firstForm === undefined) this.firstForm = form;
    else if ((this.otherForms ??= []).push(form) > MAX_OTHER_FORMS) this.otherForms.shift();
    return form;
  }

  /** The interval sent is what was received less the time spent here [MQTT-3.3.2-6]. */
  private secondsLeft(now: number): number {
    return Math.max(0, Math.ceil((this.expiresAt - now) / 1000));
  }

  private encode(wanted: WireVariant, remaining: number): PublishHead {
    const topic = wanted.alias < 0 ? '' : this.topic;
    const { payload } = this;
    const { qos, retain } = wanted;
    const block = wanted.v5 ? propertyBlock(this.propertiesFor(wanted, remaining)) : undefined;
    return encodePublishHead({ topic, payload, qos, retain, dup: false, packetId: 0 }, block);
  }

  private propertiesFor({ identifiers, alias }: WireVariant, remaining: number): Properties | undefined {
    if (remaining === FOREVER && !identifiers && alias === 0) return this.properties;
    const properties: Properties = { ...this.properties };
    if (remaining !== FOREVER) properties.messageExpiryInterval = remaining;
    if (identifiers) properties.subscriptionIdentifiers = identifiers;
    if (alias !== 0) properties.topicAlias = Math.abs(alias);
    return properties;
  }
}
