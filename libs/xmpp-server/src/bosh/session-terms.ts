import type { BodyTag } from './body-tag.js';
import type { BoshLimits } from './bosh-limits.js';

/** What client and server agreed on when the session began (XEP-0124 §7). */
export interface SessionTerms {
  firstRid: number;
  /** Seconds. */
  wait: number;
  hold: number;
  /** Requests at once. */
  requests: number;
  /** Of the protocol; undefined for clients from before it had versions, which understand HTTP's status codes alone. */
  version: string | undefined;
  /** The client tells which responses it got. */
  acknowledges: boolean;
  contentType: string;
  /** Comes rather often than waits (XEP-0124 §12). */
  polls: boolean;
}

const VERSION = [1, 11] as const;
const DEFAULT_TYPE = 'text/xml; charset=utf-8';
/** A page of the client's making must not become one of this server: `text/html` is not among them. */
const CONTENT_TYPE = /^(?:text\/xml|application\/xml|text\/plain)(?:; ?charset=utf-8)?$/i;

/** undefined where an attribute is not what it must be. */
export function agreeOnTerms({ attrs }: BodyTag, limits: BoshLimits): SessionTerms | undefined {
  const firstRid = parseRid(attrs['rid']);
  const wait = parseCount(attrs['wait'], limits.waitSeconds);
  const hold = parseCount(attrs['hold'], limits.hold);
  const version = agreeOnVersion(attrs['ver']);
  if (firstRid === undefined || wait === undefined || hold === undefined || version === 'malformed')
    return undefined;
  const held = Math.min(hold, limits.hold);
  const content = attrs['content'] ?? '';
  return {
    firstRid,
    wait: Math.min(wait, limits.waitSeconds),
    hold: held,
    requests: Math.max(2, held + 1),
    version,
    acknowledges: attrs['ack'] === '1',
    contentType: CONTENT_TYPE.test(content) ? content : DEFAULT_TYPE,
    polls: wait === 0 || hold === 0,
  };
}

/** Up to 2^53-1 (XEP-0124 §14.1). */
export function parseRid(text: string | undefined): number | undefined {
  const rid = /^\d{1,16}$/.test(text ?? '') ? Number(text) : 0;
  return rid > 0 && Number.isSafeInteger(rid) ? rid : undefined;
}

export function parseCount(text: string | undefined, otherwise: number): number | undefined {
  if (text === undefined) return otherwise;
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

function agreeOnVersion(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const match = /^(\d{1,4})\.(\d{1,4})$/.exec(text);
  if (!match) return 'malformed';
  const [major, minor] = [Number(match[1]), Number(match[2])];
  const older = major < VERSION[0] || (major === VERSION[0] && minor < VERSION[1]);
  return older ? `${major}.${minor}` : VERSION.join('.');
}
