import { escapeXml } from '../stanza/escape.js';
import { NS } from './namespaces.js';

/** The defined conditions of stream errors (RFC 6120 §4.9.3). */
export type StreamErrorCondition =
  | 'bad-format'
  | 'bad-namespace-prefix'
  | 'conflict'
  | 'connection-timeout'
  | 'host-gone'
  | 'host-unknown'
  | 'improper-addressing'
  | 'internal-server-error'
  | 'invalid-from'
  | 'invalid-namespace'
  | 'invalid-xml'
  | 'not-authorized'
  | 'not-well-formed'
  | 'policy-violation'
  | 'remote-connection-failed'
  | 'reset'
  | 'resource-constraint'
  | 'restricted-xml'
  | 'see-other-host'
  | 'system-shutdown'
  | 'undefined-condition'
  | 'unsupported-encoding'
  | 'unsupported-feature'
  | 'unsupported-stanza-type'
  | 'unsupported-version';

/** A fault that ends its stream: thrown while input is read, turned into `<stream:error/>` by the connection. */
export class StreamFault extends Error {
  /** @param extension serialised application-specific condition (RFC 6120 §4.9.4) */
  constructor(
    readonly condition: StreamErrorCondition,
    readonly text?: string,
    readonly extension?: string,
  ) {
    super(text ?? condition);
    this.name = 'StreamFault';
  }
}

type StreamErrorDetails = Pick<StreamFault, 'condition' | 'text' | 'extension'> & {
  /** Of `see-other-host` (RFC 6120 §4.9.3.19). */
  readonly host?: string;
};

/** `<stream:error/>` as TCP streams carry it, with the `stream` prefix bound by the stream header. */
export function streamError(fault: StreamErrorDetails): string {
  const text =
    fault.text === undefined
      ? ''
      : `<text xmlns='${NS.streamErrors}' xml:lang='en'>${escapeXml(fault.text)}</text>`;
  const { condition, host } = fault;
  const defined =
    host === undefined
      ? `<${condition} xmlns='${NS.streamErrors}'/>`
      : `<${condition} xmlns='${NS.streamErrors}'>${escapeXml(host)}</${condition}>`;
  return `<stream:error>${defined}${text}${fault.extension ?? ''}</stream:error>`;
}
