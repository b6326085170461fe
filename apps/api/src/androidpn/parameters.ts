import type { Fault } from '@carillon/domain';
import { invalidRequest } from '@carillon/process';
import type { FastifyRequest } from 'fastify';

/** A request's parameters, of its query and of a form in its body. */
export type Parameters = ReadonlyMap<string, string>;

const LOOKS_LIKE_A_KEY = /key|token|secret|password|auth/i;

/**
 * Reads the parameters that are known; empty ones count as not given, as a form sends them.
 * @throws CarillonError `invalid-request` that names every one which is not known or comes twice
 */
export function parametersOf(
  { query, body }: Pick<FastifyRequest, 'query' | 'body'>,
  known: readonly string[],
): Parameters {
  const form = typeof body === 'string' ? [...new URLSearchParams(body)] : [];
  const inQuery = Object.entries(query as Record<string, string | string[]>);
  const given = [...inQuery.flatMap(([name, value]) => [value].flat().map((each) => [name, each])), ...form];
  const parameters = new Map<string, string>();
  const faults: Fault[] = [];
  for (const [name, value] of given as [string, string][]) {
    const detail = faultOf(name, known, parameters);
    if (detail !== undefined) faults.push({ pointer: name, detail });
    else parameters.set(name, value);
  }
  if (faults.length > 0) throw invalidRequest(faults);
  return new Map([...parameters].filter(([, value]) => value !== ''));
}

function faultOf(name: string, known: readonly string[], before: Parameters): string | undefined {
  if (before.has(name)) return 'is given twice';
  if (known.includes(name)) return undefined;
  return LOOKS_LIKE_A_KEY.test(name)
    ? 'does not belong here: send the API key in the header "Authorization: Bearer ck_…", addresses are logged'
    : `is not known; known are ${known.join(', ')}`;
}

export const faultAt = (pointer: string, detail: string): Error => invalidRequest([{ pointer, detail }]);
