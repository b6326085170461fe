import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';

/** Of a TLS socket that no `tls.Server` made: there, nobody looks at the outcome of the verification but us. */
interface Verifying {
  ssl?: { verifyError?(): Error | null };
}

/** The client's certificate if an authority of the secure context vouches for it. */
export function verifiedCertificate(tls: TLSSocket): X509Certificate | undefined {
  const { ssl } = tls as unknown as Verifying;
  // Of a resumed session the certificate is not there again, and an answer without one counts as none.
  if (typeof ssl?.verifyError !== 'function' || ssl.verifyError() !== null) return undefined;
  return tls.getPeerX509Certificate();
}
