import type { PeerCertificate } from '@carillon/mqtt-broker';

/** Whose certificate it is: the subject's common name, or where there is none the one DNS name. */
export function certificateName({ commonName, dnsNames }: PeerCertificate): string | undefined {
  return commonName ?? (dnsNames.length === 1 ? dnsNames[0] : undefined);
}
