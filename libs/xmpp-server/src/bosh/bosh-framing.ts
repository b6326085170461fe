import { type Framing, type HeaderAttributes, messageFraming } from '../stream/framing.js';
import type { StreamHeader } from '../stream/stream-header.js';
import { readBodyHeader } from './body-header.js';
import { BodyReader } from './body-reader.js';

/** Streams within bodies (XEP-0206). @param onHeader gets what our stream header would say */
export function boshFraming(onHeader: (attributes: HeaderAttributes) => void): Framing {
  let before: StreamHeader | undefined;
  return {
    framed: true,
    newReader: (limits, context) => new BodyReader(limits, context),
    readHeader: (startTag, bare) => (before = readBodyHeader(startTag, bare, before)),
    header: (attributes) => {
      onHeader(attributes);
      return '';
    },
    footer: '',
    element: (xml) => messageFraming.element(xml),
  };
}
