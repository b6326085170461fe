import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import type { IAuthPacket } from 'mqtt-packet';

const METHOD = 'SCRAM-SHA-256';
const hmac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
const sha256 = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest();

/** What an exchange is bound to: the header of RFC 5802 §7, and the data that it announces. */
export interface ChannelBinding {
  readonly header: string;
  readonly data: Buffer;
}

const UNBOUND: ChannelBinding = { header: 'n,,', data: Buffer.alloc(0) };

/** The client's side of one SCRAM-SHA-256 exchange (RFC 5802, RFC 7677), by node:crypto alone. */
export class ScramExchange {
  /** `s=…,i=…` of the server. */
  challenge = '';
  private readonly bare: string;
  private serverSignature = '';

  constructor(
    username: string,
    private readonly password: string,
    private readonly binding: ChannelBinding = UNBOUND,
  ) {
    this.bare = `n=${username},r=${randomBytes(18).toString('base64')}`;
  }

  get first(): Buffer {
    return Buffer.from(this.binding.header + this.bare);
  }

  answer(serverFirst: string): Buffer {
    const [, nonce, salt, iterations] = /^r=([^,]+),s=([^,]+),i=(\d+)$/.exec(serverFirst)!;
    this.challenge = `s=${salt},i=${iterations}`;
    const salted = pbkdf2Sync(this.password, Buffer.from(salt!, 'base64'), Number(iterations), 32, 'sha256');
    const { header, data } = this.binding;
    const bound = Buffer.concat([Buffer.from(header), data]).toString('base64');
    const withoutProof = `c=${bound},r=${nonce}`;
    const transcript = `${this.bare},${serverFirst},${withoutProof}`;
    const clientKey = hmac(salted, 'Client Key');
    const signature = hmac(sha256(clientKey), transcript);
    const proof = Buffer.from(clientKey.map((byte, i) => byte ^ signature[i]!)).toString('base64');
    this.serverSignature = hmac(hmac(salted, 'Server Key'), transcript).toString('base64');
    return Buffer.from(`${withoutProof},p=${proof}`);
  }

  /** Whether the server knows the keys too. */
  proves(serverFinal: Buffer | undefined): boolean {
    return serverFinal?.toString() === `v=${this.serverSignature}`;
  }
}

/** An unmodified mqtt client that logs in by SCRAM-SHA-256 in MQTT 5.0's enhanced authentication. */
export class ScramMqttClient {
  readonly client: MqttClient;
  /** Reason codes of DISCONNECT. */
  readonly farewells: (number | undefined)[] = [];
  exchange: ScramExchange;

  constructor(
    url: string,
    readonly username: string,
    password: string,
    options: IClientOptions = {},
  ) {
    this.exchange = new ScramExchange(username, password);
    this.client = mqtt.connect(url, {
      protocolVersion: 5,
      reconnectPeriod: 0,
      manualConnect: true,
      properties: { authenticationMethod: METHOD, authenticationData: this.exchange.first },
      ...options,
    });
    this.client.on('error', () => undefined);
    this.client.on('disconnect', ({ reasonCode }) => this.farewells.push(reasonCode));
    this.client.handleAuth = (packet, respond) => {
      if (packet.reasonCode !== 0x18) return respond();
      const { authenticationData } = packet.properties ?? {};
      respond(undefined, this.packet(0x18, this.exchange.answer(String(authenticationData))));
    };
  }

  /** Fulfilled with whether the server proved itself; rejected with the CONNACK's reason code in `code`. */
  async connect(): Promise<boolean> {
    const connected = new Promise<boolean>((resolve, reject) => {
      this.client.once('connect', ({ properties }) =>
        resolve(this.exchange.proves(properties?.authenticationData)),
      );
      this.client.once('error', reject);
    });
    this.client.connect();
    return connected;
  }

  /** On the connection that stands. Fulfilled with whether the server proved itself; rejected when it ends the connection. */
  async reauthenticate(password: string): Promise<boolean> {
    this.exchange = new ScramExchange(this.username, password);
    const succeeded = new Promise<boolean>((resolve, reject) => {
      const take = ({ cmd, ...packet }: { cmd: string }): void => {
        const { reasonCode, properties } = packet as IAuthPacket;
        if (cmd === 'auth' && reasonCode === 0) resolve(this.exchange.proves(properties?.authenticationData));
      };
      this.client.on('packetreceive', take);
      this.client.once('close', () => reject(new Error('the connection ended')));
    });
    // The library has no call of its own to begin with.
    const sender = this.client as unknown as { _sendPacket(packet: IAuthPacket): void };
    sender._sendPacket(this.packet(0x19, this.exchange.first));
    return succeeded;
  }

  async end(): Promise<void> {
    await this.client.endAsync(true);
  }

  private packet(reasonCode: number, authenticationData: Buffer): IAuthPacket {
    return { cmd: 'auth', reasonCode, properties: { authenticationMethod: METHOD, authenticationData } };
  }
}
