import { HttpException } from '@nestjs/common';
import { CarillonError, type ErrorCode, ERRORS, type Fault } from '@carillon/domain';
import { isRedisAway } from '@carillon/redis';
import { MAX_BODY_BYTES } from './limits.js';

/** RFC 9457. `type` is a reference relative to the gateway, which explains the code there. */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
  readonly faults?: readonly Fault[];
  readonly [extension: string]: unknown;
}

export const PROBLEM_MEDIA_TYPE = 'application/problem+json';
export const problemType = (code: ErrorCode): string => `/problems/${code}`;

const CODE_OF_STATUS: Readonly<Record<number, ErrorCode>> = {
  400: 'invalid-request',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not-found',
  405: 'method-not-allowed',
  406: 'not-acceptable',
  409: 'conflict',
  410: 'cursor-too-old',
  413: 'payload-too-large',
  415: 'unsupported-media-type',
  429: 'too-many-requests',
  501: 'not-built',
  503: 'unavailable',
};

const RETRY_AFTER_SECONDS = 1;
const MAX_FAULTS = 100;
const MAX_TEXT = 1_000;

/** The registry's error for whatever was thrown; undefined for a fault of our own, which nobody outside is told about. */
export function toCarillonError(error: unknown): CarillonError | undefined {
  if (error instanceof CarillonError) return error;
  if (error instanceof HttpException) return ofStatus(error.getStatus(), error.message, error);
  if (!(error instanceof Error)) return undefined;
  if (isRedisAway(error)) {
    return new CarillonError('unavailable', 'the store does not answer now; try again', {
      retryAfterSeconds: RETRY_AFTER_SECONDS,
      cause: error,
    });
  }
  return ofFastify(error);
}

/** What was wrong is quoted; the answer must not grow with it. */
export function toProblem(error: CarillonError): ProblemDocument {
  const { code, message, faults, extensions } = error;
  const { status, title } = ERRORS[code];
  return {
    ...extensions,
    type: problemType(code),
    title,
    status,
    detail: cut(message),
    code,
    ...(faults.length > 0 && { faults: faults.slice(0, MAX_FAULTS).map(cutFault) }),
    ...(faults.length > MAX_FAULTS && { faultsOmitted: faults.length - MAX_FAULTS }),
  };
}

const cut = (text: string): string => (text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text);
const cutFault = ({ pointer, detail }: Fault): Fault => ({ pointer: cut(pointer), detail: cut(detail) });

function ofStatus(status: number, detail: string, cause: unknown): CarillonError | undefined {
  const code = CODE_OF_STATUS[status] ?? (status >= 400 && status < 500 ? 'invalid-request' : undefined);
  return code && new CarillonError(code, detail, { cause });
}

function ofFastify(error: Error & { code?: unknown; statusCode?: unknown }): CarillonError | undefined {
  const isOurs = typeof error.code === 'string' && error.code.startsWith('FST_');
  if (!isOurs || typeof error.statusCode !== 'number') return undefined;
  const detail = error.statusCode === 413 ? `the body has more than ${MAX_BODY_BYTES} bytes` : error.message;
  return ofStatus(error.statusCode, detail, error);
}
