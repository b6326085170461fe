import { type DeviceLogin, parseDeviceEvent } from '@carillon/domain';
import type { Element, MessageVerdict, Position } from '@carillon/xmpp-server';
import type { TransportContext } from '../transport-context.js';

const JSON_CONTAINER = 'urn:xmpp:json:0';

/** What devices report over XMPP: a JSON container (XEP-0335) in a message to the app, or a position (XEP-0080). */
export class XmppEvents {
  constructor(
    private readonly context: TransportContext,
    private readonly domain: string,
  ) {}

  /** Devices talk to their app and to nobody else. */
  async message(login: DeviceLogin, message: Element): Promise<MessageVerdict> {
    const to = (message.attrs.to ?? '').toLowerCase();
    if (to !== `${login.app}@${this.domain}` && to !== this.domain) return { error: 'service-unavailable' };
    const report = message.childText('json', JSON_CONTAINER);
    if (report === undefined)
      return { error: 'not-acceptable', text: 'the app takes device events as a JSON container' };
    return this.take(login, report);
  }

  position(login: DeviceLogin, { lat, lon }: Position): void {
    void this.take(login, JSON.stringify({ type: 'location', lat, lon }));
  }

  private async take(login: DeviceLogin, text: string): Promise<MessageVerdict> {
    const source = { app: login.app, deviceId: login.id, transport: 'xmpp', at: Date.now() };
    const parsed = parseDeviceEvent(text, source);
    if (!parsed.ok) return { error: 'bad-request', text: parsed.detail };
    try {
      await this.context.events.publish(parsed.event);
      return 'consume';
    } catch (error) {
      this.context.logger.warn(
        { deviceId: login.id, error: String(error) },
        'a device event could not be kept',
      );
      return { error: 'resource-constraint', text: 'try again later' };
    }
  }
}
