import type { Type } from '@nestjs/common';
import { getMetadataStorage, type ValidationArguments } from 'class-validator';

type Json = Readonly<Record<string, unknown>>;
type Rule = ReturnType<ReturnType<typeof getMetadataStorage>['getTargetValidationMetadatas']>[number];
type Condition = (body: Json, value: unknown) => boolean;
type Test = (value: unknown, body: Json) => boolean;

const COMPILED = Symbol('compiled rules');

/**
 * A class of bodies that are taken as they came when they keep its rules, without class-validator's and class-transformer's
 * detours: for routes where these cost more than all else. Its fields are values or free-form, nothing that is transformed.
 */
export function CompiledRules(): ClassDecorator {
  return (target) => Reflect.defineMetadata(COMPILED, true, target);
}

const compiled = new WeakMap<Type, (body: Json) => boolean>();

/** Whether a body certainly keeps the rules of its class; false where the long way has to say, and to name the faults. */
export function keepsCompiledRules(body: Json, metatype: Type): boolean {
  let keeps = compiled.get(metatype);
  if (!keeps) compiled.set(metatype, (keeps = rulesOf(metatype)));
  return keeps(body);
}

const rulesOf = (metatype: Type): ((body: Json) => boolean) =>
  Reflect.hasOwnMetadata(COMPILED, metatype) ? compile(metatype) : () => false;

function compile(metatype: Type): (body: Json) => boolean {
  const tests = new Map<string, Test>();
  for (const [field, rules] of rulesByField(metatype)) tests.set(field, compileField(metatype, rules));
  const needed = [...tests].filter(([, test]) => !test(undefined, {})).map(([field]) => field);
  return (body) => {
    for (const field in body) {
      const test = tests.get(field);
      if (!test?.(body[field], body)) return false;
    }
    for (const field of needed) if (body[field] === undefined) return false;
    return true;
  };
}

function rulesByField(metatype: Type): Map<string, Rule[]> {
  const fields = new Map<string, Rule[]>();
  for (const rule of getMetadataStorage().getTargetValidationMetadatas(metatype, '', false, false))
    fields.set(rule.propertyName, [...(fields.get(rule.propertyName) ?? []), rule]);
  return fields;
}

function compileField(metatype: Type, rules: readonly Rule[]): Test {
  const conditions = rules.filter(({ type }) => type === 'conditionalValidation');
  const others = rules.filter(({ type }) => type !== 'conditionalValidation');
  const tests = others.map((rule) => compileRule(metatype, rule));
  const needs = conditions.map(({ constraints }) => constraints[0] as Condition);
  return (value, body) => {
    for (const isNeeded of needs) if (!isNeeded(body, value)) return true;
    for (const test of tests) if (!test(value, body)) return false;
    return true;
  };
}

function compileRule(metatype: Type, rule: Rule): Test {
  const { type, each, propertyName, constraints, constraintCls, validateIf } = rule;
  const found = constraintCls ? getMetadataStorage().getTargetValidatorConstraints(constraintCls) : [];
  const isKnown = type === 'customValidation' || type === 'isDefined';
  if (!isKnown || each || validateIf || found.length !== 1 || found[0]!.async)
    throw new Error(`${metatype.name}.${propertyName}: its rules cannot be compiled`);
  const { instance } = found[0]!;
  // One for all bodies: a rule that answers at once is done with it.
  const told: ValidationArguments = {
    targetName: metatype.name,
    property: propertyName,
    constraints,
    object: {},
    value: undefined,
  };
  return (value, object) => {
    told.object = object;
    told.value = value;
    return instance.validate(value, told) === true;
  };
}
