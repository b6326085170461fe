import type { Element } from '../stanza/element.js';
import { StreamFault } from '../stream/stream-error.js';
import { onIq } from './inbound-iq.js';
import { onMessage } from './inbound-message.js';
import { onPresence } from './inbound-presence.js';
import type { Session } from './session.js';

/** Counts a stanza for stream management, and handles it as the client's own whatever its `from` says (RFC 6120 §8.1.2.1). */
export function onStanza(session: Session, stanza: Element): void | Promise<void> {
  const { management } = session.window;
  if (!management) return handle(session, stanza);
  management.inbound++;
  management.underWay++;
  const done = (): void => {
    management.underWay--;
    session.onChanged();
  };
  const pending = handle(session, stanza);
  return pending ? pending.then(done) : done();
}

function handle(session: Session, stanza: Element): void | Promise<void> {
  stanza.attrs['from'] = session.full;
  switch (stanza.name) {
    case 'iq':
      return onIq(session, stanza);
    case 'message':
      return onMessage(session, stanza);
    case 'presence':
      return onPresence(session, stanza);
    default:
      throw new StreamFault('unsupported-stanza-type');
  }
}
