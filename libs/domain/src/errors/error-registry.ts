/** One row an error that can leave the gateway: its HTTP status, whether the same request may succeed later, its title. */
export interface ErrorDefinition {
  readonly status: number;
  readonly retryable: boolean;
  readonly title: string;
}

/** Every error that a caller can meet. `docs/errors.md` is generated from this table; codes never change their meaning. */
export const ERRORS = {
  'invalid-request': { status: 400, retryable: false, title: 'The request is not valid' },
  'malformed-json': { status: 400, retryable: false, title: 'The body is not well-formed JSON' },
  'invalid-audience': { status: 400, retryable: false, title: 'The audience expression is not valid' },
  'invalid-schedule': { status: 400, retryable: false, title: 'The schedule is not valid' },
  'audience-too-costly': { status: 400, retryable: false, title: 'The audience expression costs too much' },
  'invalid-idempotency-key': {
    status: 400,
    retryable: false,
    title: 'The Idempotency-Key header is not valid',
  },
  'time-in-past': { status: 400, retryable: false, title: 'The time lies in the past' },
  unauthenticated: { status: 401, retryable: false, title: 'Valid credentials are needed' },
  forbidden: { status: 403, retryable: false, title: 'The key lacks the scope' },
  'not-found': { status: 404, retryable: false, title: 'There is no such resource' },
  'method-not-allowed': { status: 405, retryable: false, title: 'The resource does not take this method' },
  'not-acceptable': { status: 406, retryable: false, title: 'The answer cannot be given in that form' },
  conflict: { status: 409, retryable: false, title: 'The request conflicts with the present state' },
  'idempotency-mismatch': {
    status: 409,
    retryable: false,
    title: 'The Idempotency-Key was used before with another request',
  },
  'idempotency-in-progress': {
    status: 409,
    retryable: true,
    title: 'The first request with this Idempotency-Key is not answered yet',
  },
  'not-cancellable': { status: 409, retryable: false, title: 'The notification can no longer be cancelled' },
  'cursor-too-old': { status: 410, retryable: false, title: 'The cursor is older than the inbox' },
  'no-recipients': { status: 422, retryable: false, title: 'The audience has no devices' },
  'payload-too-large': { status: 413, retryable: false, title: 'The body is too large' },
  'unsupported-media-type': { status: 415, retryable: false, title: 'The media type is not supported' },
  'too-many-requests': { status: 429, retryable: true, title: 'Too many requests' },
  internal: { status: 500, retryable: true, title: 'The gateway failed' },
  'not-built': { status: 501, retryable: false, title: 'This is not built yet' },
  unavailable: { status: 503, retryable: true, title: 'The gateway cannot do this now' },
} as const satisfies Record<string, ErrorDefinition>;

export type ErrorCode = keyof typeof ERRORS;
