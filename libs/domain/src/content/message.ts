import { CarillonError, type Fault } from '../errors/carillon-error.js';
import {
  type ContentFields,
  MAX_CONTENT_BYTES,
  type Notification,
  type NotificationKind,
} from '../notification/notification.js';
import { formatInstant } from '../time/instant.js';
import { contentBytes, contentFaults, tooLarge } from './check-content.js';
import type { CompiledTemplate, TextScope } from './compiled-template.js';
import {
  CONTENT_FIELDS_OF_TEMPLATE as FIELDS,
  type ContentTemplate,
  type SavedTemplate,
} from './content-template.js';
import { parseTemplate, parseVariables } from './parse-template.js';

/** The part of a request that says what is said: fields as they are, or a template (by its id, or itself) with values for its variables. */
export interface MessageFields {
  readonly kind?: NotificationKind | null;
  readonly title?: string | null;
  readonly body?: string | null;
  readonly uri?: string | null;
  readonly data?: Readonly<Record<string, unknown>> | null;
  readonly template?: unknown;
  readonly variables?: unknown;
}

/** What is said: the same to every device, or made for each from a template. */
export type Message =
  | { readonly kind: NotificationKind; readonly content: ContentFields; readonly template?: undefined }
  | { readonly kind: NotificationKind; readonly template: CompiledTemplate };

/** A notification's part that says what it says. */
export type SaidContent = Pick<Notification, 'kind' | keyof ContentFields | 'overrides' | 'template'>;

export const TEMPLATE_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

export const isTemplateId = (value: unknown): value is string =>
  typeof value === 'string' && TEMPLATE_ID.test(value);

/** The id of the saved template that a message refers to. */
export const templateIdOf = ({ template }: MessageFields): string | undefined =>
  typeof template === 'string' ? template : undefined;

/**
 * Reads what a request says: the one place for notifications, campaigns and whatever else speaks to devices.
 * @param saved the template that `templateIdOf` names, if there is one
 * @param pointer of the object that the fields are members of
 * @throws CarillonError `invalid-request` or `payload-too-large`
 */
export function parseMessage(fields: MessageFields, saved?: SavedTemplate, pointer = ''): Message {
  const kind = fields.kind ?? 'notification';
  const { template } = fields;
  if (template !== undefined && template !== null) return templated(kind, fields, saved, pointer);
  if (fields.variables !== undefined && fields.variables !== null)
    throw refusal([
      { pointer: `${pointer}/variables`, detail: 'are for a template: texts stand as they are' },
    ]);
  return { kind, content: plainContent(kind, fields, pointer) };
}

function plainContent(kind: NotificationKind, fields: MessageFields, pointer: string): ContentFields {
  const { title, body, uri, data } = fields;
  const content: ContentFields = {
    title: title || undefined,
    body: body || undefined,
    uri: uri || undefined,
    data: data || undefined,
  };
  const faults = contentFaults(kind, content);
  if (faults.length > 0)
    throw refusal(faults.map((fault) => ({ ...fault, pointer: pointer + fault.pointer })));
  const bytes = contentBytes(content);
  if (bytes > MAX_CONTENT_BYTES) throw new CarillonError('payload-too-large', tooLarge(bytes));
  return content;
}

function templated(
  kind: NotificationKind,
  fields: MessageFields,
  saved: SavedTemplate | undefined,
  pointer: string,
): Message {
  const beside = FIELDS.filter((name) => fields[name] !== undefined && fields[name] !== null);
  if (beside.length > 0)
    throw refusal(
      beside.map((name) => ({
        pointer: `${pointer}/${name}`,
        detail: 'stands beside a template: give one of them',
      })),
    );
  const id = templateIdOf(fields);
  if (id !== undefined && !saved)
    throw refusal([{ pointer: `${pointer}/template`, detail: `there is no template ${id}` }]);
  const own = parseTemplate(saved?.content ?? fields.template, `${pointer}/template`);
  const variables = {
    ...own.template.variables,
    ...parseVariables(fields.variables, `${pointer}/variables`),
  };
  const template = own.with({ ...own.template, variables });
  refuseGaps(kind, template, pointer);
  return { kind, template };
}

/** What no device could be told. */
function refuseGaps(kind: NotificationKind, { template, needs }: CompiledTemplate, pointer: string): void {
  const given = template.variables ?? {};
  const faults = [...needs]
    .filter(([name]) => !Object.hasOwn(given, name))
    .map(([name, place]) => ({
      pointer: `${pointer}/variables/${name}`,
      detail: `has no value, and is used at ${place}; null is a value too`,
    }));
  if (kind === 'notification' && template.title === undefined && template.body === undefined)
    faults.push({
      pointer: `${pointer}/template/title`,
      detail: 'or body must be given: a notification is shown to a person',
    });
  if (faults.length > 0) throw refusal(faults);
}

/**
 * What a notification with this message says. What is the same for every device is rendered here, once.
 * @throws CarillonError `invalid-request` where that fails
 */
export function sayMessage(
  message: Message,
  { id, at }: Pick<Notification, 'id' | 'at'>,
  pointer = '',
): SaidContent {
  const { kind, template } = message;
  if (!template) return { kind, ...message.content };
  if (!template.isShared) return { kind, template: template.template };
  const rendering = template.render(kind, undefined, scopeOf(template.template, { id, at }));
  if (!rendering.ok)
    throw refusal([{ pointer: `${pointer}/template${rendering.pointer}`, detail: rendering.reason }]);
  const { content, overrides } = rendering;
  return { kind, ...content, ...(overrides && { overrides }) };
}

/** What texts can say; `device` has a value for each of its members. */
export const scopeOf = (
  { variables }: ContentTemplate,
  { id, at }: Pick<Notification, 'id' | 'at'>,
  device?: TextScope,
): TextScope => ({ ...variables, notification: { id, at: formatInstant(at) }, ...(device && { device }) });

function refusal(faults: readonly Fault[]): CarillonError {
  const [first] = faults;
  return new CarillonError('invalid-request', `${first!.pointer} ${first!.detail}`, { faults });
}
