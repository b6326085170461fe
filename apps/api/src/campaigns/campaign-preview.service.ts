import { Injectable } from '@nestjs/common';
import {
  BUCKET_COUNT,
  type CampaignVariant,
  compileTemplate,
  type ContentFields,
  type Device,
  formatInZone,
  formatWallTime,
  type Message,
  plannedFrom,
  splitOf,
  upcoming,
} from '@carillon/domain';
import { RedisDevices } from '@carillon/persistence';
import { PreviewService } from '../audience/preview.service.js';
import { renderFor } from '../templates/messages.service.js';
import { renderedView } from '../templates/template.view.js';
import { CampaignsService } from './campaigns.service.js';
import type { CampaignPreview, VariantPreview } from './run.view.js';

const TIMES = 10;
const PERCENT = BUCKET_COUNT / 100;

/** What a campaign would do, without doing it. */
@Injectable()
export class CampaignPreviewService {
  constructor(
    private readonly campaigns: CampaignsService,
    private readonly audiences: PreviewService,
    private readonly devices: RedisDevices,
  ) {}

  async preview(app: string, id: string): Promise<CampaignPreview> {
    const campaign = await this.campaigns.find(app, id);
    const now = Date.now();
    const { plan } = campaign;
    const { rest } = splitOf(plan);
    const runs = upcoming(
      { ...campaign, startedAt: campaign.startedAt ?? now + 1 },
      plannedFrom(plan, now),
      TIMES,
    );
    const audience = await this.audiences.preview(app, { audience: plan.audience });
    const samples = await Promise.all(audience.samples.map((device) => this.devices.find(app, device.id)));
    const { zone = 'UTC', clock } = plan.schedule ?? {};
    return {
      audience,
      variants: plan.variants.map((variant) => variantPreview(variant, samples)),
      holdOut: plan.holdOut / PERCENT,
      rest: (rest.to - rest.from) / PERCENT,
      times: runs.map(({ opensAt, wall }) =>
        clock === 'device' ? formatWallTime(wall) : formatInZone(opensAt, zone),
      ),
    };
  }
}

function variantPreview(
  { name, share, template }: CampaignVariant,
  samples: readonly (Device | undefined)[],
): VariantPreview {
  const { kind } = template;
  const message: Message = template.template
    ? { kind, template: compileTemplate(template.template).compiled }
    : { kind, content: contentOf(template) };
  const whom = samples.length > 0 ? samples.flatMap((device) => device ?? []) : [undefined];
  return {
    variant: name,
    share: share / PERCENT,
    rendered: whom.map((device) => renderedView(renderFor(message, device), device)),
  };
}

const contentOf = ({ title, body, uri, data }: CampaignVariant['template']): ContentFields => ({
  ...(title !== undefined && { title }),
  ...(body !== undefined && { body }),
  ...(uri !== undefined && { uri }),
  ...(data !== undefined && { data }),
});
