import type { MqttUser } from '../mqtt-user/mqtt-user.js';

/** The MQTT users that were made by REST. */
export abstract class MqttUserDirectory {
  abstract find(name: string): Promise<MqttUser | undefined>;

  /** Of every user, by name. */
  abstract revisions(): Promise<ReadonlyMap<string, string>>;
}
