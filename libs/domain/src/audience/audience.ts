import type { Area } from '../area/shape.js';
import type { Moment } from '../time/moment.js';
import type { BucketTerm } from './bucket.js';

export type Scalar = string | number | boolean;
/** A value to compare an attribute with: as it is, or as a point in time. */
export type Comparand = Scalar | { readonly time: Moment };

/** A value of another type than the one that it is compared with never fits. */
export type Comparison =
  | { readonly eq: Comparand }
  | { readonly in: readonly Scalar[] }
  | { readonly lt: Comparand }
  | { readonly lte: Comparand }
  | { readonly gt: Comparand }
  | { readonly gte: Comparand }
  | { readonly prefix: string }
  | { readonly exists: boolean };

/** When a device was last connected; one that is connected is seen now. */
export type MomentComparison =
  | { readonly lt: Moment }
  | { readonly lte: Moment }
  | { readonly gt: Moment }
  | { readonly gte: Moment }
  | { readonly exists: boolean };

/** Devices of any of these users, groups, tags …; a term with several values matches any of them. */
export type AudienceTerm =
  | { readonly user: readonly string[] }
  | { readonly device: readonly string[] }
  | { readonly group: readonly string[] }
  | { readonly tag: readonly string[] }
  | { readonly platform: readonly string[] }
  | { readonly locale: readonly string[] }
  /** A range of semantic versions. */
  | { readonly appVersion: string }
  | { readonly attr: { readonly name: string } & Comparison }
  | { readonly lastSeen: MomentComparison }
  /** `online`, `offline`, or connected over a transport. */
  | { readonly presence: readonly string[] }
  | { readonly area: Area }
  | { readonly segment: readonly string[] }
  | { readonly list: readonly string[] }
  | { readonly bucket: BucketTerm }
  | { readonly everyone: true };

/** The expression that says whom. It is always bounded by one app: `not` means "of this app's devices, the others". */
export type Audience =
  | AudienceTerm
  | { readonly all: readonly Audience[] }
  | { readonly any: readonly Audience[] }
  | { readonly not: Audience };

/** A name that stands for nothing: a user without a device, a group without a member, a device, segment or list that is not there. */
export interface RejectedName {
  readonly kind: 'user' | 'device' | 'group' | 'segment' | 'list';
  readonly name: string;
}

export const MAX_AUDIENCE_TERMS = 500;
export const MAX_AUDIENCE_DEPTH = 24;
/** Values in one term; a longer list is a group's or an uploaded list's work. */
export const MAX_TERM_VALUES = 1000;

export const TERM_KINDS = [
  'user',
  'device',
  'group',
  'tag',
  'attr',
  'platform',
  'locale',
  'appVersion',
  'lastSeen',
  'presence',
  'area',
  'segment',
  'list',
  'bucket',
  'everyone',
] as const;
export type TermKind = (typeof TERM_KINDS)[number];

export const AUDIENCE_KINDS = [...TERM_KINDS, 'all', 'any', 'not'] as const;
export type AudienceKind = (typeof AUDIENCE_KINDS)[number];

/** Kinds of terms whose value is one name or several. */
export const NAMED_KINDS = [
  'user',
  'device',
  'group',
  'tag',
  'platform',
  'locale',
  'presence',
  'segment',
  'list',
] as const;
export type NamedKind = (typeof NAMED_KINDS)[number];

export function isTerm(node: Audience): node is AudienceTerm {
  return !('all' in node || 'any' in node || 'not' in node);
}

/** The terms of an expression, left to right. */
export function termsOf(node: Audience): AudienceTerm[] {
  if ('all' in node) return node.all.flatMap(termsOf);
  if ('any' in node) return node.any.flatMap(termsOf);
  if ('not' in node) return termsOf(node.not);
  return [node];
}

export const kindOf = (term: AudienceTerm): TermKind => Object.keys(term)[0] as TermKind;

export const namesOf = (term: AudienceTerm, kind: NamedKind): readonly string[] =>
  (term as Partial<Record<NamedKind, readonly string[]>>)[kind] ?? [];
