import type { Circle } from '../area/area.js';

/** Devices of any of these users, groups, tags …; a term with several values matches any of them. */
export type AudienceTerm =
  | { readonly user: readonly string[] }
  | { readonly device: readonly string[] }
  | { readonly group: readonly string[] }
  | { readonly tag: readonly string[] }
  | { readonly area: { readonly circle: Circle } }
  | { readonly everyone: true };

/** The expression that says whom. It is always bounded by one app: `not` means "of this app's devices, the others". */
export type Audience =
  | AudienceTerm
  | { readonly all: readonly Audience[] }
  | { readonly any: readonly Audience[] }
  | { readonly not: Audience };

export const MAX_AUDIENCE_TERMS = 100;
export const MAX_AUDIENCE_DEPTH = 16;
/** Values in one term; a longer list is a group's or an uploaded list's work. */
export const MAX_TERM_VALUES = 1000;

export type AudienceKind = 'user' | 'device' | 'group' | 'tag' | 'area' | 'everyone' | 'all' | 'any' | 'not';

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
