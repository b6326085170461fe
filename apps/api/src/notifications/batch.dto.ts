import { ApiProperty, ApiPropertyOptional, getSchemaPath } from '@nestjs/swagger';
import { FreeForm } from '@carillon/process';
import { IsListOf, isObject } from '../http/rules.js';
import { ProblemView } from '../http/problem.dto.js';
import { SendNotification } from './notification.dto.js';
import { AcceptedNotification } from './notification.view.js';

export const MAX_BATCH = 1_000;

export class SendBatch {
  @ApiProperty({
    type: 'array',
    items: { $ref: getSchemaPath(SendNotification) },
    minItems: 1,
    maxItems: MAX_BATCH,
    description: 'each is checked and accepted by itself; `dryRun` is not for batches',
  })
  @FreeForm()
  @IsListOf('must be a JSON object', isObject, { min: 1, max: MAX_BATCH })
  notifications!: Record<string, unknown>[];
}

export class BatchResult {
  @ApiPropertyOptional({ type: AcceptedNotification })
  accepted?: AcceptedNotification;

  @ApiPropertyOptional({ type: ProblemView, description: 'why this one was refused' })
  refused?: ProblemView;
}

export class BatchView {
  @ApiProperty({ example: 998 })
  accepted!: number;

  @ApiProperty({ example: 2 })
  refused!: number;

  @ApiProperty({ type: [BatchResult], description: 'one a notification, in their order' })
  results!: BatchResult[];
}
