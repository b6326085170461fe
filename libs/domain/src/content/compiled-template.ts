import type { Fault } from '../errors/carillon-error.js';
import { escapePointer } from '../faults.js';
import {
  MAX_CONTENT_BYTES,
  type NotificationKind,
  type TransportKind,
} from '../notification/notification.js';
import type { ContentFields } from '../notification/notification.js';
import { contentBytes, contentFaults, tooLarge } from './check-content.js';
import {
  CONTENT_FIELDS_OF_TEMPLATE as FIELDS,
  type ContentTemplate,
  type FieldChanges,
  localesOf,
  type Localized,
  transportsOf,
  variantOf,
} from './content-template.js';
import {
  MAX_TEXT,
  type ParsedText,
  parseText,
  RENDER_MS,
  TextFault,
  TOO_LONG,
  type VariableUse,
} from './liquid.js';

/** What a text can say of the device. */
export const DEVICE_MEMBERS = ['id', 'user', 'platform', 'locale', 'appVersion', 'timeZone', 'attributes'];

export type TextScope = Readonly<Record<string, unknown>>;

/** What a device gets: the same over every transport, but for those that are named. */
export interface RenderedContent {
  readonly content: ContentFields;
  readonly overrides?: Readonly<Partial<Record<TransportKind, ContentFields>>>;
}

export type Rendering =
  | ({ readonly ok: true } & RenderedContent)
  /** `pointer` says which field, `reason` what kept it from being sent. */
  | { readonly ok: false; readonly pointer: string; readonly reason: string };

/** A template whose texts are parsed. */
export class CompiledTemplate {
  constructor(
    readonly template: ContentTemplate,
    private readonly texts: ReadonlyMap<string, ParsedText>,
    /** Variables that its texts use, and where each stands first. */
    readonly needs: ReadonlyMap<string, string>,
    /** Of the device's attributes, those that are used. */
    readonly attributes: readonly string[],
    /** Its texts say something of the device; otherwise all of one language are told the same. */
    readonly usesDevice: boolean,
  ) {}

  /** The same texts with other variables. */
  with(template: ContentTemplate): CompiledTemplate {
    return new CompiledTemplate(template, this.texts, this.needs, this.attributes, this.usesDevice);
  }

  /** Whether it is the same for every device. */
  get isShared(): boolean {
    return !this.usesDevice && localesOf(this.template).length === 0;
  }

  /** @param locale the device's language */
  render(kind: NotificationKind, locale: string | undefined, scope: TextScope): Rendering {
    const first = this.tryRender(kind, locale, scope);
    // The clock goes on while this process waits for its turn: that is not the texts' fault.
    return isTooLong(first) ? this.tryRender(kind, locale, scope) : first;
  }

  private tryRender(kind: NotificationKind, locale: string | undefined, scope: TextScope): Rendering {
    const call = { kind, scope, until: Date.now() + RENDER_MS };
    try {
      const content = this.renderFields(call, variantOf(this.template, locale, undefined));
      const overrides = transportsOf(this.template).map((transport) => [
        transport,
        this.renderFields(call, variantOf(this.template, locale, transport)),
      ]);
      return {
        ok: true,
        content,
        ...(overrides.length > 0 && {
          overrides: Object.fromEntries(overrides) as RenderedContent['overrides'],
        }),
      };
    } catch (error) {
      if (!(error instanceof UnfitContent)) throw error;
      return { ok: false, pointer: error.pointer, reason: error.message };
    }
  }

  private renderFields(call: RenderCall, fields: ContentFields): ContentFields {
    const rendered: Record<string, unknown> = {};
    for (const field of FIELDS) {
      const value = fields[field];
      const made = value === undefined ? '' : this.renderValue(value, call, `/${field}`);
      if (made !== '') rendered[field] = made;
    }
    const [fault] = contentFaults(call.kind, rendered);
    if (fault) throw new UnfitContent(fault.pointer, fault.detail);
    const bytes = contentBytes(rendered);
    if (bytes > MAX_CONTENT_BYTES) throw new UnfitContent('', tooLarge(bytes));
    return rendered;
  }

  /** Every string of it, but for the names of members. */
  private renderValue(value: unknown, call: RenderCall, pointer: string): unknown {
    if (typeof value === 'string') return this.renderText(value, call, pointer);
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map((item, i) => this.renderValue(item, call, `${pointer}/${i}`));
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [
        name,
        this.renderValue(item, call, `${pointer}/${escapePointer(name)}`),
      ]),
    );
  }

  private renderText(text: string, { scope, until }: RenderCall, pointer: string): string {
    try {
      return this.texts.get(text)?.render(scope, until - Date.now()) ?? text;
    } catch (error) {
      if (!(error instanceof TextFault)) throw error;
      throw new UnfitContent(pointer, error.message);
    }
  }
}

interface RenderCall {
  readonly kind: NotificationKind;
  readonly scope: TextScope;
  /** When it has to be done, ms since 1970. */
  readonly until: number;
}

/** Whether it was given up because of the time that it took. */
export const isTooLong = (rendering: Rendering): boolean =>
  !rendering.ok && rendering.reason.endsWith(TOO_LONG);

class UnfitContent extends Error {
  constructor(
    readonly pointer: string,
    reason: string,
  ) {
    super(reason);
  }
}

/** Parses every text of a template; each distinct one once. */
export function compileTemplate(
  template: ContentTemplate,
  pointer = '/template',
): { compiled: CompiledTemplate; faults: Fault[] } {
  const texts = new Map<string, ParsedText>();
  const needs = new Map<string, string>();
  const attributes = new Set<string>();
  const faults: Fault[] = [];
  let usesDevice = false;
  for (const [place, text] of textsOf(template, pointer)) {
    const parsed = texts.get(text) ?? tryParse(place, text, faults);
    if (!parsed) continue;
    texts.set(text, parsed);
    for (const use of parsed.uses) {
      const [root = '', member, name] = use.segments;
      if (root === 'device') usesDevice = true;
      if (root === 'device' && member === 'attributes' && name !== undefined) attributes.add(name);
      const where = `line ${use.line}, column ${use.column}`;
      const fault = faultOfUse(use);
      if (fault !== undefined) faults.push({ pointer: place, detail: `${where}: ${fault}` });
      else if (!BUILT_IN.includes(root) && !needs.has(root)) needs.set(root, `${place} ${where}`);
    }
  }
  return { compiled: new CompiledTemplate(template, texts, needs, [...attributes], usesDevice), faults };
}

const BUILT_IN = ['device', 'notification'];

/** What is read of each device has to be known before. */
function faultOfUse({ segments: [root, member, name] }: VariableUse): string | undefined {
  if (root === undefined) return 'the name of a variable cannot be computed';
  if (root === 'notification' && member !== 'id' && member !== 'at')
    return 'a notification has notification.id and notification.at';
  if (root !== 'device') return undefined;
  if (member === undefined || !DEVICE_MEMBERS.includes(member))
    return `a device has ${DEVICE_MEMBERS.map((each) => `device.${each}`).join(', ')}`;
  return member === 'attributes' && name === undefined
    ? 'name the attribute: device.attributes.NAME'
    : undefined;
}

function tryParse(pointer: string, text: string, faults: Fault[]): ParsedText | undefined {
  if (text.length > MAX_TEXT) {
    faults.push({ pointer, detail: `must have at most ${MAX_TEXT} characters` });
    return undefined;
  }
  try {
    return parseText(text);
  } catch (error) {
    if (!(error instanceof TextFault)) throw error;
    faults.push({ pointer, detail: error.message });
    return undefined;
  }
}

function textsOf(template: ContentTemplate, pointer: string): [string, string][] {
  const overrides = Object.entries(template.overrides ?? {});
  return [
    ...localizedTexts(template, pointer),
    ...overrides.flatMap(([transport, part]) => localizedTexts(part, `${pointer}/overrides/${transport}`)),
  ];
}

function localizedTexts(part: FieldChanges & Localized, pointer: string): [string, string][] {
  const locales = Object.entries(part.locales ?? {});
  return [
    ...fieldTexts(part, pointer),
    ...locales.flatMap(([tag, fields]) => fieldTexts(fields, `${pointer}/locales/${escapePointer(tag)}`)),
  ];
}

const fieldTexts = (fields: FieldChanges, pointer: string): [string, string][] =>
  FIELDS.flatMap((field) => stringsIn(fields[field], `${pointer}/${field}`));

function stringsIn(value: unknown, pointer: string): [string, string][] {
  if (typeof value === 'string') return [[pointer, value]];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, item]) =>
    stringsIn(item, `${pointer}/${escapePointer(name)}`),
  );
}
