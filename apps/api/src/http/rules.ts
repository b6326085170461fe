import { Matches, ValidateBy, type ValidationArguments } from 'class-validator';
import { DEVICE_ID, DEVICE_ID_RULE, NAME, NAME_RULE, NOTIFICATION_ID } from '@carillon/domain';

/** A rule in its own words; they stand behind the field's place in the answer. */
export const Must = (detail: string, test: (value: unknown) => boolean): PropertyDecorator =>
  ValidateBy({ name: detail, validator: { validate: test, defaultMessage: () => detail } });

export const IsDeviceId = (): PropertyDecorator => Matches(DEVICE_ID, { message: DEVICE_ID_RULE });
export const IsName = (): PropertyDecorator => Matches(NAME, { message: NAME_RULE });
/** Campaigns have ids of the same form. */
export const IsNotificationId = (of = 'notification'): PropertyDecorator =>
  Matches(NOTIFICATION_ID, { message: `must be the id of a ${of} (26 characters)` });

export const IsText = (maxLength: number): PropertyDecorator =>
  Must(`must be a string of 1 to ${maxLength} characters`, (value) => isText(value, maxLength));

export const IsBetween = (min: number, max: number, unit: string): PropertyDecorator =>
  Must(
    `must be a number from ${min} to ${max} (${unit})`,
    (value) => typeof value === 'number' && value >= min && value <= max,
  );

export const IsWhole = (min: number, max: number, unit?: string): PropertyDecorator =>
  Must(
    `must be a whole number from ${min} to ${max}${unit ? ` (${unit})` : ''}`,
    (value) => Number.isInteger(value) && (value as number) >= min && (value as number) <= max,
  );

export const IsYesOrNo = (): PropertyDecorator =>
  Must('must be true or false', (value) => typeof value === 'boolean');

export const IsOneOf = (...choices: readonly string[]): PropertyDecorator =>
  Must(`must be one of: ${choices.join(', ')}`, (value) => choices.includes(value as string));

/** A list whose items all keep one rule; the first that does not is told by its index. */
export function IsListOf(
  rule: string,
  test: (item: unknown) => boolean,
  { min = 0, max }: { min?: number; max: number },
): PropertyDecorator {
  const sizeRule = `must be an array of ${min} to ${max} items`;
  const fits = (value: unknown): value is unknown[] =>
    Array.isArray(value) && value.length >= min && value.length <= max;
  return ValidateBy({
    name: 'list',
    validator: {
      validate: (value: unknown) => fits(value) && value.every(test),
      defaultMessage: ({ value }: ValidationArguments = {} as ValidationArguments) =>
        fits(value) ? `item ${value.findIndex((item) => !test(item))} ${rule}` : sizeRule,
    },
  });
}

export const IsListOfNames = (bounds: { min?: number; max: number }): PropertyDecorator =>
  IsListOf(NAME_RULE, isName, bounds);
export const IsListOfDeviceIds = (bounds: { min?: number; max: number }): PropertyDecorator =>
  IsListOf(DEVICE_ID_RULE, (item) => typeof item === 'string' && DEVICE_ID.test(item), bounds);

export const isName = (value: unknown): value is string => typeof value === 'string' && NAME.test(value);
export const isText = (value: unknown, maxLength: number): value is string =>
  typeof value === 'string' && value.length > 0 && value.length <= maxLength;
export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
