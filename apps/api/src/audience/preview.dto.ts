import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { Audience, RejectedName } from '@carillon/domain';
import { FreeForm } from '@carillon/process';
import { IsDefined, IsOptional } from 'class-validator';
import { DeviceView } from '../devices/device.view.js';
import { RenderedView } from '../templates/template.dto.js';

export const AUDIENCE_SCHEMA = {
  oneOf: [{ type: 'object', additionalProperties: true }, { type: 'string' }],
  example: 'group:vip and not tag:muted',
};

export class PreviewAudience {
  @ApiProperty({ ...AUDIENCE_SCHEMA, description: 'an expression, in JSON or as a text' })
  @FreeForm()
  @IsDefined({ message: 'must say whom, for example "group:vip and not tag:muted"' })
  audience!: unknown;
}

export class PreviewSend extends PreviewAudience {
  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    example: { template: 'welcome', variables: { order: '4711' } },
    description:
      'what the samples would be told: `kind`, `title`, `body`, `uri`, `data`, or `template` and `variables`',
  })
  @IsOptional()
  @FreeForm()
  content?: unknown;
}

export class RejectedView implements RejectedName {
  @ApiProperty({ enum: ['user', 'device', 'group', 'segment', 'list'] })
  kind!: RejectedName['kind'];

  @ApiProperty({ example: 'nobody' })
  name!: string;
}

export class AudienceView {
  @ApiProperty({ type: 'object', additionalProperties: true, example: { group: ['vip'] } })
  audience!: Audience;

  @ApiProperty({ description: 'the same expression as a text', example: 'group:vip and not tag:muted' })
  text!: string;

  @ApiProperty({ description: 'what it may cost to find it, segments included' })
  cost!: number;
}

export class PreviewView extends AudienceView {
  @ApiProperty({ description: 'devices that it means now', example: 31250 })
  devices!: number;

  @ApiProperty({
    description: 'false: `devices` is an estimate, from as many partitions as the time allowed for',
  })
  exact!: boolean;

  @ApiPropertyOptional({ description: 'of an estimate: 19 times of 20 the true number is no further away' })
  margin?: number;

  @ApiProperty({ type: [DeviceView], description: 'some of the devices, up to ten' })
  samples!: DeviceView[];

  @ApiPropertyOptional({ type: [RenderedView], description: 'what each sample would be told' })
  rendered?: RenderedView[];

  @ApiProperty({ type: [RejectedView], description: 'names in it that stand for nothing' })
  rejected!: RejectedView[];
}
