import { Injectable } from '@nestjs/common';
import { costOf, parseAudience, printAudience } from '@carillon/domain';
import { AudienceNames, AudienceResolver, countAudience, RedisDevices } from '@carillon/persistence';
import { deviceView } from '../devices/device.view.js';
import type { PreviewSend, PreviewView } from './preview.dto.js';
import { Messages, renderFor } from '../templates/messages.service.js';
import { renderedView } from '../templates/template.view.js';
import { MAX_REJECTED } from './recipients.service.js';

/** An answer comes within a second: most of it may be spent on counting. */
const BUDGET = 500;
const SAMPLES = 10;

@Injectable()
export class PreviewService {
  constructor(
    private readonly audiences: AudienceResolver,
    private readonly names: AudienceNames,
    private readonly devices: RedisDevices,
    private readonly messages: Messages,
  ) {}

  async preview(app: string, { audience: expression, content }: PreviewSend): Promise<PreviewView> {
    const audience = parseAudience(expression);
    const message = content ? await this.messages.readJson(app, content, '/content') : undefined;
    const expanded = await this.audiences.check(app, audience, '/audience');
    const query = await this.audiences.open(app, audience, Date.now());
    const [count, [rejected = []]] = await Promise.all([
      countAudience(query, { budgetMs: BUDGET, samples: SAMPLES }),
      this.names.unknown(app, [audience]),
    ]);
    const found = await Promise.all(count.samples.map((id) => this.devices.find(app, id)));
    const samples = found.flatMap((device) => device ?? []);
    return {
      audience,
      text: printAudience(audience),
      cost: costOf(expanded),
      devices: count.devices,
      exact: count.exact,
      ...(!count.exact && { margin: count.margin }),
      samples: samples.map(deviceView),
      ...(message && { rendered: samples.map((device) => renderedView(renderFor(message, device), device)) }),
      rejected: rejected.slice(0, MAX_REJECTED),
    };
  }
}
