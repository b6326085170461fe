import { ERRORS, type ErrorCode } from './error-registry.js';

/** A place in the request (RFC 6901 JSON pointer into the body, or a parameter's name) and what is wrong there. */
export interface Fault {
  readonly pointer: string;
  readonly detail: string;
}

export interface CarillonErrorOptions {
  readonly faults?: readonly Fault[];
  /** Further members of the problem document, e.g. the oldest cursor. */
  readonly extensions?: Readonly<Record<string, unknown>>;
  readonly retryAfterSeconds?: number;
  readonly cause?: unknown;
}

/** An error with a row in the registry; the edges of the system map it to their protocol. */
export class CarillonError extends Error {
  readonly faults: readonly Fault[];
  readonly extensions: Readonly<Record<string, unknown>>;
  readonly retryAfterSeconds: number | undefined;

  constructor(
    readonly code: ErrorCode,
    detail: string,
    options: CarillonErrorOptions = {},
  ) {
    super(detail, { cause: options.cause });
    this.name = 'CarillonError';
    this.faults = options.faults ?? [];
    this.extensions = options.extensions ?? {};
    this.retryAfterSeconds = options.retryAfterSeconds;
  }

  get status(): number {
    return ERRORS[this.code].status;
  }

  get retryable(): boolean {
    return ERRORS[this.code].retryable;
  }
}
