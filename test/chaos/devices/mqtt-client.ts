import mqtt, { type IClientOptions, type MqttClient, Store } from 'mqtt';
import {
  type DeviceSession,
  type DeviceWorld,
  type Leaving,
  Sightings,
  type TransportClient,
} from './device-session.js';

/** A device that speaks MQTT by the `mqtt` package, with its session kept or begun anew, at QoS 1 or 2. */
export class MqttTransportClient implements TransportClient {
  readonly transport = 'mqtt';
  private readonly protocolVersion: 4 | 5;
  private readonly qos: 1 | 2;
  /** What a client with a session keeps of it. */
  private incoming = new Store({ clean: false });
  private outgoing = new Store({ clean: false });

  constructor(private readonly world: DeviceWorld) {
    this.protocolVersion = world.dice.pick([4, 5] as const);
    this.qos = world.dice.chance(0.25) ? 2 : 1;
  }

  async connect(): Promise<DeviceSession> {
    const client = mqtt.connect(this.world.edge('MQTT'), this.options());
    const events = `devices/${this.world.credentials.id}/events`;
    const sightings = new Sightings(this.world, this.transport, async (event) => {
      await client.publishAsync(events, JSON.stringify(event), { qos: 1 });
      return true;
    });
    client.on('error', () => undefined);
    // As it comes from the wire: a publication of QoS 2 is the device's from its PUBLISH on [MQTT-4.3.3-2].
    client.on('packetreceive', (packet) => {
      if (packet.cmd === 'publish') sightings.take(JSON.parse(packet.payload.toString()));
    });
    client.handleMessage = (_packet, done) => {
      const late = this.world.lateness();
      if (late > 0) setTimeout(done, late);
      else done();
    };
    const over = new Promise<void>((resolve) => client.once('close', () => resolve()));
    try {
      await connected(client);
      await subscribed(client, `devices/${this.world.credentials.id}/inbox`, this.qos);
    } catch (error) {
      client.end(true);
      throw error;
    }
    return { over, leave: (how) => leave(client, how) };
  }

  private options(): IClientOptions {
    const { id, token } = this.world.credentials;
    const clean = this.world.dice.chance(0.4);
    if (clean) {
      this.incoming = new Store({ clean: false });
      this.outgoing = new Store({ clean: false });
    }
    return {
      clientId: id,
      username: id,
      password: token,
      protocolVersion: this.protocolVersion,
      clean,
      ...(this.protocolVersion === 5 && { properties: { sessionExpiryInterval: 120 } }),
      incomingStore: this.incoming,
      outgoingStore: this.outgoing,
      reconnectPeriod: 0,
      connectTimeout: 8_000,
      keepalive: 30,
      resubscribe: false,
    };
  }
}

function connected(client: MqttClient): Promise<void> {
  return new Promise((resolve, reject) => {
    client.once('connect', () => resolve());
    client.once('error', reject);
    client.once('close', () => reject(new Error('the broker closed the connection')));
  });
}

function subscribed(client: MqttClient, topic: string, qos: 1 | 2): Promise<void> {
  return new Promise((resolve, reject) => {
    client.once('close', () => reject(new Error('closed before the SUBACK')));
    client.subscribe(topic, { qos }, (error, granted) => {
      if (error) reject(error);
      else if (granted?.[0]?.qos !== qos) reject(new Error('the subscription was refused'));
      else resolve();
    });
  });
}

function leave(client: MqttClient, how: Leaving): Promise<void> {
  if (how === 'cut') client.stream.destroy();
  return new Promise((resolve) => {
    client.end(how === 'cut', () => resolve());
    // Acknowledgements that are kept back would hold a polite end up.
    setTimeout(() => client.end(true, () => resolve()), 1_000);
  });
}
