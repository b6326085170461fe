import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional } from 'class-validator';
import { AudienceView, PreviewAudience } from '../audience/preview.dto.js';
import { IsName, IsText } from '../http/rules.js';

export class SegmentParams {
  @ApiProperty({ example: 'regulars' })
  @IsName()
  name!: string;
}

export class PutSegment extends PreviewAudience {
  @ApiPropertyOptional({ example: 'seen in the last week' })
  @IsOptional()
  @IsText(1_024)
  description?: string | null;
}

export class SegmentView extends AudienceView {
  @ApiProperty({ example: 'regulars' })
  name!: string;

  @ApiPropertyOptional()
  description?: string;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ format: 'date-time' })
  updatedAt!: string;
}

export class SegmentList {
  @ApiProperty({ type: [SegmentView], description: 'in the order of their names' })
  segments!: SegmentView[];
}
