import type { Fault } from '@carillon/domain';
import type { ValidationError } from 'class-validator';

export const UNKNOWN_FIELD = 'is not known';
const NOT_WHITELISTED = 'whitelistValidation';
const NOT_NESTED = 'nestedValidation';

/**
 * The faults of a request as class-validator found them. In a body a pointer is a JSON pointer (RFC 6901); a parameter
 * is named as it is.
 */
export function faultsOf(
  errors: readonly ValidationError[],
  inBody: boolean,
  known: readonly string[],
): Fault[] {
  return errors.flatMap((error) => {
    const pointer = inBody ? `/${escapePointer(error.property)}` : error.property;
    return faultsUnder(error, pointer, known);
  });
}

export const escapePointer = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');

function faultsUnder(error: ValidationError, pointer: string, known: readonly string[]): Fault[] {
  const own = Object.entries(error.constraints ?? {}).map(([rule, message]) => ({
    pointer,
    detail: detailOf(rule, message, error.property, known),
  }));
  const nested = (error.children ?? []).flatMap((child) =>
    faultsUnder(child, `${pointer}/${escapePointer(child.property)}`, []),
  );
  return [...own, ...nested];
}

function detailOf(rule: string, message: string, property: string, known: readonly string[]): string {
  if (rule === NOT_WHITELISTED)
    return known.length > 0 ? `${UNKNOWN_FIELD}; known are ${known.join(', ')}` : UNKNOWN_FIELD;
  if (rule === NOT_NESTED) return 'must be an object';
  return message.startsWith(`${property} `) ? message.slice(property.length + 1) : message;
}
