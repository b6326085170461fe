import { setImmediate } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import {
  compileTemplate,
  type CompiledTemplate,
  envelopeContent,
  type Notification,
  overridesJson,
  scopeOf,
} from '@carillon/domain';
import { type Closing, type DeviceContent, deviceContent, type DeviceFacts } from '@carillon/persistence';

/** Templates of notifications that are on their way. */
const MAX_COMPILED = 64;
/** Rendering lets others go first after so long, ms. */
const SLICE_MS = 20;

export interface RenderedPage {
  readonly contents: ReadonlyMap<string, DeviceContent>;
  /** Devices that cannot be told, each with the reason. */
  readonly failed: readonly Closing[];
}

/** Makes what each device is told from a notification's template. */
@Injectable()
export class Renderer {
  private readonly compiled = new Map<string, CompiledTemplate>();

  /** Attributes of devices that a notification's texts use. */
  attributesOf(notification: Notification): readonly string[] {
    return this.templateOf(notification).attributes;
  }

  async render(notification: Notification, devices: Iterable<DeviceFacts>): Promise<RenderedPage> {
    const contents = new Map<string, DeviceContent>();
    const failed: Closing[] = [];
    let begun = Date.now();
    for (const device of devices) {
      const made = this.renderFor(notification, device);
      if ('reason' in made) failed.push(made);
      else contents.set(device.id, made);
      if (Date.now() - begun < SLICE_MS) continue;
      await setImmediate();
      begun = Date.now();
    }
    return { contents, failed };
  }

  private renderFor(notification: Notification, device: DeviceFacts): DeviceContent | Closing {
    const template = this.templateOf(notification);
    const scope = scopeOf(template.template, notification, { ...device });
    const rendering = template.render(notification.kind, device.locale, scope);
    if (!rendering.ok) {
      const reason = `content: ${rendering.pointer} ${rendering.reason}`;
      return { deviceId: device.id, state: 'failed', reason };
    }
    const told = { ...notification, ...rendering.content, overrides: rendering.overrides };
    const overrides = overridesJson(told);
    return deviceContent({
      contentJson: JSON.stringify(envelopeContent(told)),
      ...(overrides && { overrides }),
    });
  }

  private templateOf({ id, template }: Notification): CompiledTemplate {
    const known = this.compiled.get(id);
    if (known) return known;
    const { compiled } = compileTemplate(template!);
    this.compiled.set(id, compiled);
    for (const oldest of this.compiled.keys()) {
      if (this.compiled.size <= MAX_COMPILED) break;
      this.compiled.delete(oldest);
    }
    return compiled;
  }
}
