import type { Fault } from './errors/carillon-error.js';

/** Collects what is wrong with a JSON value, each fault with its JSON pointer (RFC 6901). */
export class FaultList {
  readonly faults: Fault[] = [];

  add(pointer: string, detail: string): undefined {
    this.faults.push({ pointer, detail });
    return undefined;
  }

  /** An object with no members but these; undefined for anything else. */
  object(value: unknown, pointer: string, names: readonly string[]): Record<string, unknown> | undefined {
    if (!isPlainObject(value)) return this.add(pointer, `must be an object of ${names.join(', ')}`);
    for (const name of Object.keys(value))
      if (!names.includes(name))
        this.add(`${pointer}/${escapePointer(name)}`, `is not known; known are ${names.join(', ')}`);
    return value;
  }

  number(value: unknown, pointer: string, min: number, max: number, unit: string): number {
    if (typeof value === 'number' && value >= min && value <= max) return value;
    this.add(pointer, `must be a number from ${min} to ${max} (${unit})`);
    return Number.NaN;
  }
}

export const isPlainObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const escapePointer = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');
