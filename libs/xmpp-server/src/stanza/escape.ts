// oxlint-disable-next-line no-control-regex -- exactly the characters that need care, so that plain text costs one scan
const NEEDS_CARE = /[&<>"'\u0000-\u0008\u000b-\u001f\ud800-\udfff\ufffe\uffff]/;

// oxlint-disable-next-line no-control-regex -- the same but for quotes
const TEXT_NEEDS_CARE = /[&<>\u0000-\u0008\u000b-\u001f\ud800-\udfff\ufffe\uffff]/;

// oxlint-disable-next-line no-control-regex -- the complement of XML 1.0's Char production
const NOT_XML = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '\r': '&#13;',
};

/**
 * Escapes text for element content and for attribute values in either quote. What XML 1.0 cannot carry (control characters, lone
 * surrogates) becomes U+FFFD: one such character would end the stream of every recipient at each redelivery.
 */
export function escapeXml(text: string): string {
  if (!NEEDS_CARE.test(text)) return text;
  return text.replace(NOT_XML, '\ufffd').replace(/[&<>"'\r]/g, (char) => ENTITIES[char]!);
}

/** The same for element content alone, where quotes may stand as they are: JSON stays short. */
export function escapeText(text: string): string {
  if (!TEXT_NEEDS_CARE.test(text)) return text;
  return text.replace(NOT_XML, '\ufffd').replace(/[&<>\r]/g, (char) => ENTITIES[char]!);
}
