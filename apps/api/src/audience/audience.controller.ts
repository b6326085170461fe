import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { AuthenticatedKey } from '@carillon/auth';
import { Caller, RequireScope } from '../access/require-scope.decorator.js';
import { Failures } from '../http/failures.decorator.js';
import { PreviewSend, PreviewView } from './preview.dto.js';
import { PreviewService } from './preview.service.js';

@ApiTags('audience')
@Controller('v1/audience')
export class AudienceController {
  constructor(private readonly previews: PreviewService) {}

  @Post('preview')
  @HttpCode(200)
  @RequireScope('read')
  @ApiOperation({
    summary: 'How many devices an expression means, and some of them',
    description:
      'Within a second: where that is too short to count them all, `devices` is an estimate and `exact` false. With `content`, what the samples would be told.',
  })
  @ApiOkResponse({ type: PreviewView })
  @Failures(
    'invalid-request',
    'malformed-json',
    'invalid-audience',
    'audience-too-costly',
    'payload-too-large',
  )
  preview(@Caller() { app }: AuthenticatedKey, @Body() request: PreviewSend): Promise<PreviewView> {
    return this.previews.preview(app, request);
  }
}
