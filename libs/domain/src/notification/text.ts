/**
 * Characters that XML 1.0 (§2.2) cannot carry: a push with one of them would end the stream of every XMPP recipient at
 * each redelivery. Lone surrogates are among them.
 */
// eslint-disable-next-line no-control-regex
const UNCARRIABLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/u;

/** The offset of the first character that no XMPP stanza can carry, or -1. */
export function uncarriableAt(text: string): number {
  return text.search(UNCARRIABLE);
}
