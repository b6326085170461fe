import { Element } from '../stanza/element.js';
import { NS } from '../stream/namespaces.js';

/** Why a session ends (XEP-0124 §17.2). */
export type TerminalCondition =
  | 'bad-request'
  | 'host-unknown'
  | 'improper-addressing'
  | 'internal-server-error'
  | 'item-not-found'
  | 'policy-violation'
  | 'remote-stream-error'
  | 'system-shutdown';

/** An answer to a request over HTTP. */
export interface BoshResponse {
  status: number;
  contentType: string;
  body: string;
}

/** COMPAT: what these were before there were conditions (XEP-0124 §17.1). */
const LEGACY_STATUS: Partial<Record<TerminalCondition, number>> = {
  'bad-request': 400,
  'policy-violation': 403,
  'item-not-found': 404,
};

export interface ResponseFormat {
  contentType: string;
  version: string | undefined;
}

const UNKNOWN_CLIENT: ResponseFormat = { contentType: 'text/xml; charset=utf-8', version: '1.6' };

type Attributes = Record<string, string | number | undefined>;

/** @param payload serialised elements that declare their own namespaces */
export function bodyOf(attributes: Attributes, payload = '', declarations = ''): string {
  const texts = Object.entries(attributes).map(([name, value]) => [
    name,
    value === undefined ? value : String(value),
  ]);
  const start =
    new Element('body', NS.httpBind, Object.fromEntries(texts)).toString().slice(0, -2) + declarations;
  return payload === '' ? `${start}/>` : `${start}>${payload}</body>`;
}

export function terminal(
  condition: TerminalCondition | undefined,
  payload = '',
  { contentType, version }: ResponseFormat = UNKNOWN_CLIENT,
): BoshResponse {
  const legacy = version === undefined && condition !== undefined ? LEGACY_STATUS[condition] : undefined;
  return { status: legacy ?? 200, contentType, body: bodyOf({ type: 'terminate', condition }, payload) };
}
