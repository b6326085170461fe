import type { X509Certificate } from 'node:crypto';

/** Finds by server name: the name itself, or else the wildcard above it, which stands for one label (RFC 9525 §6.3). */
export class ServerNames<T> {
  private readonly byName = new Map<string, T>();

  /** The first to claim a name has it. */
  add(names: readonly string[], value: T): void {
    for (const name of names.map(normal)) if (!this.byName.has(name)) this.byName.set(name, value);
  }

  find(serverName: string): T | undefined {
    const name = normal(serverName);
    const dot = name.indexOf('.');
    return this.byName.get(name) ?? (dot > 0 ? this.byName.get(`*${name.slice(dot)}`) : undefined);
  }
}

/** The DNS names that a certificate is for: those of its SAN; the subject's common name counts where there is no SAN at all. */
export function namesOf({ subjectAltName, subject }: X509Certificate): string[] {
  if (subjectAltName === undefined) return [/^CN=(.+)$/m.exec(subject ?? '')?.[1] ?? ''].filter(Boolean);
  return subjectAltName
    .split(', ')
    .filter((name) => name.startsWith('DNS:'))
    .map((name) => name.slice(4));
}

const normal = (name: string): string => name.toLowerCase().replace(/\.$/, '');
