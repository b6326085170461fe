import type { TLSSocket } from 'node:tls';
import type { PeerCertificate } from '@carillon/mqtt-broker';
import { namesOf } from '@carillon/process';

/**
 * The client's certificate, if it sent one and an authority vouches for it. `authorized` alone does not say so: a session that was begun
 * without a certificate counts as authorized when it is resumed.
 */
export function peerCertificateOf(socket: TLSSocket): PeerCertificate | undefined {
  const certificate = socket.authorized ? socket.getPeerX509Certificate() : undefined;
  if (!certificate) return undefined;
  const { CN } = certificate.toLegacyObject().subject as { CN?: string | string[] };
  const dnsNames = certificate.subjectAltName === undefined ? [] : namesOf(certificate);
  return { commonName: typeof CN === 'string' ? CN : undefined, dnsNames, raw: certificate.raw };
}
