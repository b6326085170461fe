import type { ContentFields, TransportKind } from '../notification/notification.js';

/** What stands in place of the default's fields: null takes one away. */
export type FieldChanges = { readonly [Field in keyof ContentFields]: ContentFields[Field] | null };

/** By language tag (BCP 47). */
export interface Localized {
  readonly locales?: Readonly<Record<string, FieldChanges>>;
}

export type Variables = Readonly<Record<string, unknown>>;

/**
 * Content of which devices get variants: by their language, by the transport that carries it, and with variables in its texts. A field that a variant
 * does not name is the default's.
 */
export interface ContentTemplate extends ContentFields, Localized {
  readonly overrides?: Readonly<Partial<Record<TransportKind, FieldChanges & Localized>>>;
  /** Values of variables, unless a send gives others. */
  readonly variables?: Variables;
}

/** A template under a name. Times are ms since 1970. */
export interface SavedTemplate {
  readonly id: string;
  readonly description?: string;
  readonly content: ContentTemplate;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export const CONTENT_FIELDS_OF_TEMPLATE = ['title', 'body', 'uri', 'data'] as const;

/** The fields for one language (a key of `locales`, in any part of the template) and transport. */
export function variantOf(
  template: ContentTemplate,
  locale: string | undefined,
  transport: TransportKind | undefined,
): ContentFields {
  const override = transport && template.overrides?.[transport];
  const layers = [template, localeOf(template, locale), override, localeOf(override, locale)];
  const merged: Record<string, unknown> = {};
  for (const layer of layers) {
    for (const field of CONTENT_FIELDS_OF_TEMPLATE) {
      const value = layer?.[field];
      if (value === null) delete merged[field];
      else if (value !== undefined) merged[field] = value;
    }
  }
  return merged;
}

/** Each part of a template may know other languages: the best of each. */
function localeOf(part: Localized | undefined, locale: string | undefined): FieldChanges | undefined {
  const { locales } = part ?? {};
  const name = locales && locale !== undefined ? lookUp(Object.keys(locales), locale) : undefined;
  return name === undefined ? undefined : locales![name];
}

/** RFC 4647 §3.4: the tag itself, then with its last subtags taken off one by one; undefined: the default. `_` is as good as `-`. */
export function lookUp(known: readonly string[], wanted: string): string | undefined {
  const byTag = new Map(known.map((tag) => [normalTag(tag), tag]));
  const parts = normalTag(wanted).split('-');
  while (parts.length > 0) {
    const found = byTag.get(parts.join('-'));
    if (found !== undefined) return found;
    parts.pop();
    // A single letter is nothing by itself: it introduces what stood behind it.
    if (parts.at(-1)?.length === 1) parts.pop();
  }
  return undefined;
}

export const normalTag = (tag: string): string => tag.replaceAll('_', '-').toLowerCase();

/** Every language that some part of the template knows. */
export function localesOf({ locales, overrides = {} }: ContentTemplate): string[] {
  const parts = [locales, ...Object.values(overrides).map((override) => override.locales)];
  return [...new Set(parts.flatMap((part) => Object.keys(part ?? {})))];
}

export const transportsOf = ({ overrides = {} }: ContentTemplate): TransportKind[] =>
  Object.keys(overrides) as TransportKind[];
