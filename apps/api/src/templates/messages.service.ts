import { Injectable } from '@nestjs/common';
import {
  type Device,
  type Message,
  messageFields,
  type MessageFields,
  newNotificationId,
  parseMessage,
  type Rendering,
  scopeOf,
  templateIdOf,
} from '@carillon/domain';
import { RedisTemplates } from '@carillon/persistence';

/** Reads what a request says, with the saved template that it names. */
@Injectable()
export class Messages {
  constructor(private readonly templates: RedisTemplates) {}

  /**
   * A saved template stands for what it is now: what was sent before does not change with it.
   * @param pointer of the object that the fields are members of
   * @throws CarillonError `invalid-request` or `payload-too-large`
   */
  async read(app: string, fields: MessageFields, pointer = ''): Promise<Message> {
    const id = templateIdOf(fields);
    const saved = id === undefined ? undefined : await this.templates.find(app, id);
    return parseMessage(fields, saved, pointer);
  }

  /** The same for a member of a larger document, whose shape nobody has looked at. */
  readJson(app: string, json: unknown, pointer: string): Promise<Message> {
    return this.read(app, messageFields(json, pointer), pointer);
  }
}

/** What a device would be told now; without a device, in a language. */
export function renderFor(message: Message, device: Device | undefined, locale?: string): Rendering {
  const { template } = message;
  if (!template) return { ok: true, content: message.content };
  const now = Date.now();
  const notification = { id: newNotificationId(now), at: now };
  const scope = scopeOf(template.template, notification, device && { ...device });
  return template.render(message.kind, device ? device.locale : locale, scope);
}
