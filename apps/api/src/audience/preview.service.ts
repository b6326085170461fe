import { Injectable } from '@nestjs/common';
import { costOf, parseAudience, printAudience } from '@carillon/domain';
import { AudienceNames, AudienceResolver, countAudience, RedisDevices } from '@carillon/persistence';
import { deviceView } from '../devices/device.view.js';
import type { PreviewView } from './preview.dto.js';
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
  ) {}

  async preview(app: string, expression: unknown): Promise<PreviewView> {
    const audience = parseAudience(expression);
    const expanded = await this.audiences.check(app, audience, '/audience');
    const query = await this.audiences.open(app, audience, Date.now());
    const [count, rejected] = await Promise.all([
      countAudience(query, { budgetMs: BUDGET, samples: SAMPLES }),
      this.names.unknown(app, audience),
    ]);
    const samples = await Promise.all(count.samples.map((id) => this.devices.find(app, id)));
    return {
      audience,
      text: printAudience(audience),
      cost: costOf(expanded),
      devices: count.devices,
      exact: count.exact,
      ...(!count.exact && { margin: count.margin }),
      samples: samples.flatMap((device) => (device ? [deviceView(device)] : [])),
      rejected: rejected.slice(0, MAX_REJECTED),
    };
  }
}
