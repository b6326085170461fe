import { type ArgumentMetadata, Injectable, type Type, ValidationPipe } from '@nestjs/common';
import { CarillonError, type Fault } from '@carillon/domain';
import { getMetadataStorage, type ValidationError } from 'class-validator';
import { keepsCompiledRules } from './compiled-rules.js';
import { hideFreeForm, reservedNames } from './free-form.js';
import { faultsOf } from './validation-faults.js';

class Refused extends Error {
  constructor(readonly errors: readonly ValidationError[]) {
    super();
  }
}

/** Holds requests against their DTO classes; every fault is named, each with its place. */
@Injectable()
export class RequestValidationPipe extends ValidationPipe {
  constructor() {
    super({
      whitelist: true,
      forbidNonWhitelisted: true,
      transform: true,
      stopAtFirstError: true,
      exceptionFactory: (errors) => new Refused(errors),
    });
  }

  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    const { metatype, type } = metadata;
    // What our own parameter decorators give does not come from the caller.
    if (type === 'custom') return value;
    if (!metatype || !this.toValidate(metadata)) return super.transform(value, metadata);
    const given = value ?? {};
    if (!isPlainObject(given)) throw invalidRequest([{ pointer: '', detail: 'must be a JSON object' }]);
    if (type === 'body' && keepsCompiledRules(given, metatype)) return given;
    const hidden = hideFreeForm(given, metatype);
    const reserved = reservedNames(hidden);
    if (reserved.length > 0) throw invalidRequest(reserved);
    try {
      return await super.transform(hidden, metadata);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      throw invalidRequest(faultsOf(error.errors, type === 'body', fieldsOf(metatype)));
    }
  }

  /** Bodies are parsed JSON without `__proto__`; there "constructor" and "prototype" are names like any other. */
  protected override stripProtoKeys(): void {}
}

/** @throws CarillonError `invalid-request`; its detail is the first fault */
export function invalidRequest(faults: readonly Fault[]): CarillonError {
  const [first] = faults;
  const detail = first ? `${first.pointer || 'the body'} ${first.detail}` : 'the request is not valid';
  return new CarillonError('invalid-request', detail, { faults });
}

function fieldsOf(metatype: Type): string[] {
  const rules = getMetadataStorage().getTargetValidationMetadatas(metatype, '', false, false);
  return [...new Set(rules.map(({ propertyName }) => propertyName))].sort();
}

const isPlainObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
