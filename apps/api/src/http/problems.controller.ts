import { Controller, Get, Param } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiProperty, ApiTags } from '@nestjs/swagger';
import { CarillonError, type ErrorCode, ERRORS } from '@carillon/domain';
import { problemType } from '@carillon/process';
import { Failures } from './failures.decorator.js';

export class ProblemTypeView {
  @ApiProperty({ example: '/problems/time-in-past' })
  type!: string;

  @ApiProperty({ enum: Object.keys(ERRORS), enumName: 'ErrorCode' })
  code!: ErrorCode;

  @ApiProperty({ example: 400 })
  status!: number;

  @ApiProperty({ example: 'The time lies in the past' })
  title!: string;

  @ApiProperty({ description: 'whether the same request may succeed later', example: false })
  retryable!: boolean;
}

/** Where the `type` of a problem document points. */
@ApiTags('problems')
@Controller('problems')
export class ProblemsController {
  @Get()
  @ApiOperation({ summary: 'Every problem that a request can meet' })
  @ApiOkResponse({ type: [ProblemTypeView] })
  list(): ProblemTypeView[] {
    return (Object.keys(ERRORS) as ErrorCode[]).map(viewOf);
  }

  @Get(':code')
  @ApiOperation({ summary: 'One problem' })
  @ApiParam({ name: 'code', example: 'time-in-past' })
  @ApiOkResponse({ type: ProblemTypeView })
  @Failures('not-found')
  read(@Param('code') code: string): ProblemTypeView {
    if (!Object.hasOwn(ERRORS, code)) throw new CarillonError('not-found', 'there is no such problem');
    return viewOf(code as ErrorCode);
  }
}

function viewOf(code: ErrorCode): ProblemTypeView {
  const { status, title, retryable } = ERRORS[code];
  return { type: problemType(code), code, status, title, retryable };
}
