import { DEVICE_ID, type DeviceLogin } from '@carillon/domain';
import type { AuthenticationOutcome, ConnectRequest, MqttClient } from '@carillon/mqtt-broker';
import type { TransportContext } from '../transport-context.js';
import { eventsTopic, isOwnFilter } from './mqtt-topics.js';

/** Who a client is: a device, or anyone on an open broker. */
export type MqttPrincipal =
  { readonly kind: 'device'; readonly login: DeviceLogin } | { readonly kind: 'anonymous' };

export const principalOf = (client: MqttClient): MqttPrincipal => client.principal as MqttPrincipal;

export const loginOf = (client: MqttClient): DeviceLogin | undefined => {
  const principal = principalOf(client);
  return principal.kind === 'device' ? principal.login : undefined;
};

/** Who may connect, and to which topics: a device to its own, and on an open broker everyone to the others. */
export class MqttAccess {
  constructor(
    private readonly context: TransportContext,
    private readonly anonymous: boolean,
  ) {}

  async authenticate(request: ConnectRequest): Promise<AuthenticationOutcome> {
    const { username, password, clientId } = request;
    if (username === undefined && password === undefined) return this.authenticateAnonymous();
    if (username === undefined || password === undefined || !DEVICE_ID.test(username)) {
      return { ok: false, reason: 'bad-credentials' };
    }
    const login = await this.verify(username, password.toString('utf8'));
    if (login === 'unavailable') return { ok: false, reason: 'server-unavailable' };
    if (!login) return { ok: false, reason: 'bad-credentials' };
    if (clientId !== '' && clientId !== login.id) return { ok: false, reason: 'identifier-rejected' };
    return { ok: true, principal: { kind: 'device', login } satisfies MqttPrincipal, clientId: login.id };
  }

  mayPublish(client: MqttClient, topic: string): boolean {
    const login = loginOf(client);
    return login ? topic === eventsTopic(login.id) : !isDeviceTopic(topic);
  }

  maySubscribe(client: MqttClient, filter: string): boolean {
    const login = loginOf(client);
    return login ? isOwnFilter(filter, login.id) : true;
  }

  private authenticateAnonymous(): AuthenticationOutcome {
    if (!this.anonymous) return { ok: false, reason: 'not-authorized' };
    return { ok: true, principal: { kind: 'anonymous' } satisfies MqttPrincipal };
  }

  private async verify(deviceId: string, token: string): Promise<DeviceLogin | undefined | 'unavailable'> {
    try {
      return await this.context.authenticator.verify(deviceId, token);
    } catch (error) {
      this.context.logger.warn({ deviceId, error: String(error) }, 'a login could not be checked');
      return 'unavailable';
    }
  }
}

const isDeviceTopic = (topic: string): boolean => topic.startsWith('devices/');
