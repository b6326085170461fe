import { parseHandled, smFailed } from '../features/xep-0198-stream-management.js';
import type { Element } from '../stanza/element.js';
import { StreamFault } from '../stream/stream-error.js';
import type { Session } from './session.js';

/** XEP-0198 between a bound client and its session. */
export function onManagement(session: Session, element: Element): void {
  switch (element.name) {
    case 'a':
      return onAnswer(session, element);
    case 'r':
      return onRequest(session);
    case 'enable':
      return onEnable(session, element);
    case 'resume':
      return session.sendNonza(smFailed('unexpected-request'));
    default:
      throw new StreamFault('unsupported-stanza-type');
  }
}

function onAnswer(session: Session, element: Element): void {
  const h = parseHandled(element.attrs['h']);
  const { management } = session.window;
  if (h === undefined || !management)
    throw new StreamFault('policy-violation', 'not a valid acknowledgement');
  management.onAnswer();
  session.acknowledgeCount(h);
}

function onRequest(session: Session): void {
  const { management } = session.window;
  if (!management) throw new StreamFault('policy-violation', 'stream management is not enabled');
  session.sendNonza(management.answer());
}

function onEnable(session: Session, enable: Element): void {
  if (session.window.management) return session.sendNonza(smFailed('unexpected-request'));
  session.sendAlone(enableManagement(session, enable));
}

/** @returns `<enabled/>`, from which on stanzas count */
export function enableManagement(session: Session, { attrs }: Element): string {
  const { sessions, options } = session.context;
  const wantsResumption = attrs['resume'] === 'true' || attrs['resume'] === '1';
  const id = wantsResumption ? sessions.registerForResumption(session) : undefined;
  const management = session.window.enableManagement(id);
  session.onChanged();
  return management.enabled(Math.floor(options.limits.resumeTimeoutMs / 1000));
}
