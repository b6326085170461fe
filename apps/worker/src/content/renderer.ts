import { setImmediate } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import {
  compileTemplate,
  type CompiledTemplate,
  envelopeContent,
  isTooLong,
  type Notification,
  overridesJson,
  type Rendering,
  scopeOf,
} from '@carillon/domain';
import { type Closing, type DeviceContent, deviceContent, type DeviceFacts } from '@carillon/persistence';

/** Templates of notifications that are on their way. */
const MAX_COMPILED = 32;
/** Languages whose words are remembered, of each. */
const MAX_REMEMBERED = 64;
/** Rendering lets others go first after so long, ms. */
const SLICE_MS = 20;

/** After so many devices for which it took too long, no more are tried: others wait for this process too. */
const MAX_TOO_LONG = 5;
const GIVEN_UP: Rendering = {
  ok: false,
  pointer: '',
  reason: 'took too long for others before this device',
};

interface Compiled {
  readonly template: CompiledTemplate;
  readonly byLocale: Map<string, DeviceContent | Closing>;
  tooLong: number;
}

export interface RenderedPage {
  readonly contents: ReadonlyMap<string, DeviceContent>;
  /** Devices that cannot be told, each with the reason. */
  readonly failed: readonly Closing[];
}

/** Makes what each device is told from a notification's template. */
@Injectable()
export class Renderer {
  private readonly compiled = new Map<string, Compiled>();

  /** Attributes of devices that a notification's texts use. */
  attributesOf(notification: Notification): readonly string[] {
    return this.compiledOf(notification).template.attributes;
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

  /** All of one language are told the same, unless texts say something of the device. */
  private renderFor(notification: Notification, device: DeviceFacts): DeviceContent | Closing {
    const { template, byLocale } = this.compiledOf(notification);
    if (template.usesDevice) return this.make(notification, device);
    const locale = device.locale ?? '';
    const made = byLocale.get(locale) ?? this.make(notification, device);
    if (byLocale.size < MAX_REMEMBERED) byLocale.set(locale, made);
    return 'reason' in made ? { ...made, deviceId: device.id } : made;
  }

  private make(notification: Notification, device: DeviceFacts): DeviceContent | Closing {
    const { template } = this.compiledOf(notification);
    const scope = scopeOf(template.template, notification, { ...device });
    const known = this.compiledOf(notification);
    const rendering: Rendering =
      known.tooLong < MAX_TOO_LONG ? template.render(notification.kind, device.locale, scope) : GIVEN_UP;
    if (isTooLong(rendering)) known.tooLong++;
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

  private compiledOf({ id, template }: Notification): Compiled {
    const known = this.compiled.get(id);
    if (known) return known;
    const compiled = { template: compileTemplate(template!).compiled, byLocale: new Map(), tooLong: 0 };
    this.compiled.set(id, compiled);
    for (const oldest of this.compiled.keys()) {
      if (this.compiled.size <= MAX_COMPILED) break;
      this.compiled.delete(oldest);
    }
    return compiled;
  }
}
