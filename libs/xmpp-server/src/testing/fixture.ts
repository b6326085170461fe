import type { AcknowledgedVia, XmppServerHooks, XmppSession } from '../hooks.js';
import type { XmppServerOptions } from '../options.js';
import { XmppServer } from '../server.js';
import { credentialsOf } from './accounts.js';
import { DOMAIN } from './scripted-client.js';

/** A server for users `dev1` to `dev3` (password `<name>'s token`) that writes down what its hooks were told. */
export interface Fixture {
  server: XmppServer;
  events: string[];
  acknowledged: [cookie: unknown, via: AcknowledgedVia][];
  errors: unknown[];
}

export type FixtureOptions = Omit<Partial<XmppServerOptions>, 'hooks'> & { hooks?: Partial<XmppServerHooks> };

export const USERS = { dev1: "dev1's token", dev2: "dev2's token", dev3: "dev3's token" };

export function createFixture({ hooks, ...options }: FixtureOptions = {}): Fixture {
  const events: string[] = [];
  const acknowledged: Fixture['acknowledged'] = [];
  const errors: unknown[] = [];
  const name = ({ jid }: XmppSession): string => `${jid.local}/${jid.resource}`;
  const server = new XmppServer({
    domain: DOMAIN,
    tls: 'required',
    logger: { debug() {}, warn() {}, error: (fields) => errors.push(fields) },
    ...options,
    hooks: {
      ...credentialsOf(USERS),
      onBound: (session) => events.push(`bound ${name(session)}`),
      onAvailable: (session) => events.push(`available ${name(session)}`),
      onUnavailable: (session) => events.push(`unavailable ${name(session)}`),
      onDetached: (session) => events.push(`detached ${name(session)}`),
      onResumed: (session) => events.push(`resumed ${name(session)}`),
      onClosed: (session, cause) => events.push(`closed ${name(session)}: ${cause}`),
      onDeliveryAcknowledged: (_session, cookie, via) => acknowledged.push([cookie, via]),
      ...hooks,
    },
  });
  return { server, events, acknowledged, errors };
}

/** Waits for what happens in later turns of the event loop. */
export async function eventually(check: () => void, timeoutMs = 2000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    try {
      return check();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }
}
