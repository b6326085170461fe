import { DEVICE_ID, type DeviceDirectory, loggedIn } from '@carillon/domain';
import type { CertificateOutcome, CertificateRequest } from '@carillon/xmpp-server';

/**
 * Whom a client certificate stands for: the account that it names as xmppAddr, else the device with its subject's common name. One of several
 * accounts has to be asked for.
 */
export async function authenticateCertificate(
  directory: DeviceDirectory,
  { certificate, accounts, username }: CertificateRequest,
): Promise<CertificateOutcome> {
  const { CN } = certificate.toLegacyObject().subject as { CN?: string | string[] };
  const name = accounts.length > 0 ? username : typeof CN === 'string' ? CN.toLowerCase() : undefined;
  if (name === undefined || !DEVICE_ID.test(name) || (username !== undefined && username !== name))
    return { ok: false, reason: 'not-authorized' };
  const login = await directory.login(name);
  return login
    ? { ok: true, username: name, principal: loggedIn(login) }
    : { ok: false, reason: 'not-authorized' };
}
