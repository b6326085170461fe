import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import { type ErrorCode, ERRORS } from '@carillon/domain';
import { PROBLEM_MEDIA_TYPE, problemType } from '@carillon/process';
import { ProblemView } from './problem.dto.js';

/** Documents the problems that a route may answer with. */
export function Failures(...codes: ErrorCode[]): ClassDecorator & MethodDecorator {
  const statuses = new Set(codes.map((code) => ERRORS[code].status));
  const responses = [...statuses].map((status) => {
    const own = codes.filter((code) => ERRORS[code].status === status);
    return ApiResponse({
      status,
      description: own.map((code) => `\`${code}\`: ${ERRORS[code].title}`).join('\n\n'),
      content: {
        [PROBLEM_MEDIA_TYPE]: {
          schema: { $ref: getSchemaPath(ProblemView) },
          example: exampleOf(own[0]!),
        },
      },
    });
  });
  return applyDecorators(ApiExtraModels(ProblemView), ...responses);
}

const exampleOf = (code: ErrorCode): ProblemView => ({
  type: problemType(code),
  title: ERRORS[code].title,
  status: ERRORS[code].status,
  detail: ERRORS[code].title,
  code,
});
