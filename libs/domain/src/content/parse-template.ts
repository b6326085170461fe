import { LOCALE, LOCALE_RULE } from '../audience/parse-term.js';
import { CarillonError, type Fault } from '../errors/carillon-error.js';
import { escapePointer, FaultList, isPlainObject } from '../faults.js';
import { type ContentFields, MAX_CONTENT_BYTES, TRANSPORT_KINDS } from '../notification/notification.js';
import { contentBytes, isUri, tooLarge, uncarriable, URI_RULE } from './check-content.js';
import { compileTemplate, type CompiledTemplate } from './compiled-template.js';
import {
  CONTENT_FIELDS_OF_TEMPLATE as FIELDS,
  type ContentTemplate,
  localesOf,
  normalTag,
  transportsOf,
  variantOf,
  type Variables,
} from './content-template.js';

const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;
/** What every text may use beside variables. */
const RESERVED = ['device', 'notification'];
export const MAX_LOCALES = 200;
export const MAX_VARIABLES = 100;
/** All of a template together, bytes of JSON. */
export const MAX_TEMPLATE_BYTES = 256 * 1024;

/**
 * Reads the JSON form of a template; every fault is found, each with its JSON pointer, those of texts with line and column too.
 * @throws CarillonError `invalid-request` or `payload-too-large`
 */
export function parseTemplate(json: unknown, pointer = '/template'): CompiledTemplate {
  const list = new FaultList();
  const members = list.object(json, pointer, [...FIELDS, 'locales', 'overrides', 'variables']);
  if (members) {
    checkLocalized(list, members, pointer);
    checkOverrides(list, members['overrides'], `${pointer}/overrides`);
    checkVariables(list, members['variables'], `${pointer}/variables`);
  }
  refuse(list.faults);
  const template = withoutEmpty(json as ContentTemplate);
  refuse(emptiness(template, pointer));
  checkSizes(template, pointer);
  const { compiled, faults } = compileTemplate(template, pointer);
  refuse(faults);
  return compiled;
}

/**
 * Values that a send gives to variables.
 * @throws CarillonError `invalid-request`
 */
export function parseVariables(json: unknown, pointer = '/variables'): Variables {
  const list = new FaultList();
  checkVariables(list, json, pointer);
  refuse(list.faults);
  return (json ?? {}) as Variables;
}

function refuse(faults: readonly Fault[]): void {
  const [first] = faults;
  if (first) throw new CarillonError('invalid-request', `${first.pointer} ${first.detail}`, { faults });
}

function checkLocalized(list: FaultList, members: Record<string, unknown>, pointer: string): void {
  checkFields(list, members, pointer);
  const { locales } = members;
  if (locales === undefined || locales === null) return;
  if (!isPlainObject(locales) || Object.keys(locales).length > MAX_LOCALES) {
    list.add(`${pointer}/locales`, `must be an object of up to ${MAX_LOCALES} language tags`);
    return;
  }
  const seen = new Set<string>();
  for (const [tag, changes] of Object.entries(locales)) {
    const at = `${pointer}/locales/${escapePointer(tag)}`;
    if (!LOCALE.test(tag)) list.add(at, LOCALE_RULE);
    if (seen.has(normalTag(tag))) list.add(at, 'stands there twice: case and "_" for "-" make no difference');
    seen.add(normalTag(tag));
    const fields = list.object(changes, at, FIELDS);
    if (fields) checkFields(list, fields, at);
  }
}

function checkFields(list: FaultList, members: Record<string, unknown>, pointer: string): void {
  for (const field of FIELDS) {
    const value = members[field];
    if (value === undefined || value === null) continue;
    const at = `${pointer}/${field}`;
    if (field === 'data' && !isPlainObject(value)) list.add(at, 'must be a JSON object');
    if (field !== 'data' && typeof value !== 'string') list.add(at, 'must be a string');
    // One that is put together is looked at when it is.
    if (field === 'uri' && typeof value === 'string' && !value.includes('{') && value !== '' && !isUri(value))
      list.add(at, URI_RULE);
    list.faults.push(...uncarriable(value, at));
  }
}

function checkOverrides(list: FaultList, overrides: unknown, pointer: string): void {
  if (overrides === undefined || overrides === null) return;
  const members = list.object(overrides, pointer, TRANSPORT_KINDS);
  for (const [transport, override] of Object.entries(members ?? {})) {
    const at = `${pointer}/${escapePointer(transport)}`;
    const fields = list.object(override, at, [...FIELDS, 'locales']);
    if (fields) checkLocalized(list, fields, at);
  }
}

function checkVariables(list: FaultList, variables: unknown, pointer: string): void {
  if (variables === undefined || variables === null) return;
  if (!isPlainObject(variables) || Object.keys(variables).length > MAX_VARIABLES) {
    list.add(pointer, `must be an object of up to ${MAX_VARIABLES} variables`);
    return;
  }
  for (const name of Object.keys(variables)) {
    const at = `${pointer}/${escapePointer(name)}`;
    if (!VARIABLE.test(name))
      list.add(at, 'must be a name of letters, digits and "_", up to 64, not beginning with a digit');
    if (RESERVED.includes(name)) list.add(at, 'is what the gateway says: use another name');
  }
  if (Buffer.byteLength(JSON.stringify(variables)) > MAX_CONTENT_BYTES)
    list.add(pointer, `must have at most ${MAX_CONTENT_BYTES} bytes of JSON`);
}

/** As elsewhere in requests, null and "" are as good as nothing; in a variant they take the default's field away. */
function withoutEmpty(template: ContentTemplate): ContentTemplate {
  return Object.fromEntries(
    Object.entries(template).filter(([, value]) => value !== null && value !== ''),
  ) as ContentTemplate;
}

function emptiness(template: ContentTemplate, pointer: string): Fault[] {
  return FIELDS.some((field) => template[field] !== undefined)
    ? []
    : [{ pointer, detail: 'has nothing to send by default: give it a title, a body or data' }];
}

function checkSizes(template: ContentTemplate, pointer: string): void {
  const all = Buffer.byteLength(JSON.stringify(template));
  if (all > MAX_TEMPLATE_BYTES)
    throw new CarillonError(
      'payload-too-large',
      `${pointer} has ${all} bytes; ${MAX_TEMPLATE_BYTES} is the most`,
    );
  for (const { name, fields } of variants(template)) {
    const bytes = contentBytes(fields);
    if (bytes > MAX_CONTENT_BYTES)
      throw new CarillonError('payload-too-large', `${pointer}${name}: ${tooLarge(bytes)}`);
  }
}

/** As much as one device's inbox is charged for: the largest variant with all variables, before they are put in. */
export function unrenderedBytes(template: ContentTemplate): number {
  const largest = Math.max(...variants(template).map(({ fields }) => contentBytes(fields)));
  return largest + Buffer.byteLength(JSON.stringify(template.variables ?? {}));
}

/** Every combination of a language and a transport, before its variables are put in. */
export function variants(template: ContentTemplate): { name: string; fields: ContentFields }[] {
  const locales = [undefined, ...localesOf(template)];
  const transports = [undefined, ...transportsOf(template)];
  return locales.flatMap((locale) =>
    transports.map((transport) => ({
      name: [locale && ` in ${locale}`, transport && ` over ${transport}`].filter(Boolean).join(''),
      fields: variantOf(template, locale, transport),
    })),
  );
}
