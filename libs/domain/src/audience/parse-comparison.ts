import { escapePointer, type FaultList, isPlainObject } from '../faults.js';
import { NAME, NAME_RULE } from '../identifiers.js';
import { MOMENT_RULE, normalMoment } from '../time/moment.js';
import type { AudienceTerm, Comparison, MomentComparison, Scalar } from './audience.js';

const ORDERS = ['lt', 'lte', 'gt', 'gte'] as const;
const OPERATORS = ['eq', 'in', ...ORDERS, 'prefix', 'exists'] as const;
type Operator = (typeof OPERATORS)[number];

const MAX_VALUES = 1_000;
const MAX_LENGTH = 1_024;
const SCALAR_RULE = `must be a finite number, true, false or a string of up to ${MAX_LENGTH} characters`;

export function parseAttribute(json: unknown, pointer: string, faults: FaultList): AudienceTerm | undefined {
  const fields = faults.object(json, pointer, ['name', ...OPERATORS]);
  if (!fields) return undefined;
  const { name } = fields;
  if (typeof name !== 'string' || !NAME.test(name)) faults.add(`${pointer}/name`, NAME_RULE);
  const operator = operatorOf(fields, OPERATORS, pointer, faults);
  if (!operator) return undefined;
  const value = parseOperand(operator, fields[operator], `${pointer}/${operator}`, faults);
  return value === undefined
    ? undefined
    : { attr: { name: name as string, ...({ [operator]: value } as unknown as Comparison) } };
}

export function parseLastSeen(json: unknown, pointer: string, faults: FaultList): AudienceTerm | undefined {
  const names = [...ORDERS, 'exists'] as const;
  const fields = faults.object(json, pointer, names);
  const operator = fields && operatorOf(fields, names, pointer, faults);
  if (!operator) return undefined;
  const at = `${pointer}/${operator}`;
  const value =
    operator === 'exists'
      ? parseExists(fields.exists, at, faults)
      : parseMoment(fields[operator], at, faults);
  return value === undefined ? undefined : { lastSeen: { [operator]: value } as unknown as MomentComparison };
}

function operatorOf<T extends Operator>(
  fields: Record<string, unknown>,
  operators: readonly T[],
  pointer: string,
  faults: FaultList,
): T | undefined {
  const given = operators.filter((operator) => fields[operator] !== undefined);
  if (given.length === 1) return given[0];
  return faults.add(
    pointer,
    `must have exactly one of ${operators.join(', ')}: join several comparisons by "all"`,
  );
}

function parseOperand(operator: Operator, json: unknown, at: string, faults: FaultList): unknown {
  if (operator === 'exists') return parseExists(json, at, faults);
  if (operator === 'prefix') return parsePrefix(json, at, faults);
  if (operator === 'in') return parseScalars(json, at, faults);
  if (isPlainObject(json)) {
    const fields = faults.object(json, at, ['time']);
    const time = fields && parseMoment(fields.time, `${at}/${escapePointer('time')}`, faults);
    return time && { time };
  }
  if (isScalar(json) && (operator === 'eq' || typeof json !== 'boolean')) return json;
  return faults.add(at, operator === 'eq' ? SCALAR_RULE : 'must be a number, a string or {"time": …}');
}

function parseExists(json: unknown, at: string, faults: FaultList): boolean | undefined {
  return typeof json === 'boolean' ? json : faults.add(at, 'must be true or false');
}

function parsePrefix(json: unknown, at: string, faults: FaultList): string | undefined {
  const fits = typeof json === 'string' && json.length > 0 && json.length <= MAX_LENGTH;
  return fits ? json : faults.add(at, `must be a string of 1 to ${MAX_LENGTH} characters`);
}

function parseScalars(json: unknown, at: string, faults: FaultList): readonly Scalar[] | undefined {
  if (!Array.isArray(json) || json.length === 0 || json.length > MAX_VALUES)
    return faults.add(at, `must be an array of 1 to ${MAX_VALUES} values`);
  json.forEach((value, i) => {
    if (!isScalar(value)) faults.add(`${at}/${i}`, SCALAR_RULE);
  });
  return [...new Set(json as Scalar[])];
}

function parseMoment(json: unknown, at: string, faults: FaultList): string | undefined {
  const moment = typeof json === 'string' ? normalMoment(json) : undefined;
  return moment ?? faults.add(at, MOMENT_RULE);
}

const isScalar = (value: unknown): value is Scalar =>
  typeof value === 'boolean' ||
  (typeof value === 'number' && Number.isFinite(value)) ||
  (typeof value === 'string' && value.length <= MAX_LENGTH);
