import type { Fault } from '@carillon/domain';
import { Transform } from 'class-transformer';
import { escapePointer, UNKNOWN_FIELD } from './validation-faults.js';

const FREE_FORM = Symbol('free-form fields');
type Json = Readonly<Record<string, unknown>>;

/**
 * A field that holds whatever JSON the caller likes, and is handed on as it came. class-transformer would look into it,
 * and take a member that is called "constructor" for one.
 */
export function FreeForm(): PropertyDecorator {
  return (target, field) => {
    Reflect.defineMetadata(FREE_FORM, [...freeFormFields(target), field], target);
    Transform(({ value }: { value: unknown }) =>
      typeof value === 'function' ? (value as () => unknown)() : value,
    )(target, field);
  };
}

/** Hides free-form fields from class-transformer behind a function; their decorator takes them out again. */
export function hideFreeForm(body: Json, metatype: { readonly prototype: object }): Json {
  const hidden = freeFormFields(metatype.prototype);
  const entries = Object.entries(body).map(([name, value]): [string, unknown] =>
    hidden.includes(name) ? [name, () => value] : [name, value],
  );
  return Object.fromEntries(entries);
}

/** Fields outside free-form ones that are named as a member of every object ("constructor"): nobody knows such a field. */
export function reservedNames(value: unknown, pointer = ''): Fault[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, item]) => {
    const at = `${pointer}/${escapePointer(name)}`;
    return name in Object.prototype ? [{ pointer: at, detail: UNKNOWN_FIELD }] : reservedNames(item, at);
  });
}

const freeFormFields = (prototype: object): (string | symbol)[] =>
  (Reflect.getMetadata(FREE_FORM, prototype) as (string | symbol)[] | undefined) ?? [];
