import { createHash } from 'node:crypto';
import { CarillonError } from '@carillon/domain';
import type { Idempotency } from '@carillon/persistence';
import type { FastifyRequest } from 'fastify';

export const IDEMPOTENCY_HEADER = 'idempotency-key';
export const REPLAYED_HEADER = 'idempotency-replayed';

const PRINTABLE = /^[\x20-\x7e]{1,255}$/;
const RULE = 'must be 1 to 255 printable ASCII characters';

/**
 * What the `Idempotency-Key` header says: the same key with the same method, path and body is the same request. Undefined
 * without the header.
 * @throws CarillonError `invalid-idempotency-key`
 */
export function idempotencyOf(
  request: Pick<FastifyRequest, 'method' | 'url' | 'headers' | 'body'>,
): Idempotency | undefined {
  const key = request.headers[IDEMPOTENCY_HEADER];
  if (key === undefined) return undefined;
  if (typeof key !== 'string' || !PRINTABLE.test(key)) {
    throw new CarillonError('invalid-idempotency-key', `the Idempotency-Key header ${RULE}`, {
      faults: [{ pointer: 'Idempotency-Key', detail: RULE }],
    });
  }
  const digest = sha256(`${request.method} ${request.url}\n${canonicalJson(request.body)}`);
  return { keyHash: sha256(key), digest };
}

/** The identity of one part of a request: the same for the same part of the same request, and for no other. */
export const partOf = ({ keyHash }: Idempotency, index: number, part: unknown): Idempotency => ({
  keyHash: sha256(`${keyHash} ${index}`),
  digest: sha256(canonicalJson(part)),
});

/** JSON with the members of each object in one order, so that equal bodies have equal texts. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) =>
    typeof item === 'object' && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  );
}

export const mismatch = (): CarillonError =>
  new CarillonError(
    'idempotency-mismatch',
    'this Idempotency-Key came before with another request: repeat that one unchanged, or take a new key',
  );

const sha256 = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');
