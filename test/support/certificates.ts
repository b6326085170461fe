import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generate } from 'selfsigned';

export interface Pair {
  readonly cert: string;
  readonly key: string;
}

export interface Subject {
  readonly commonName?: string;
  readonly dnsNames?: readonly string[];
}

const BASE = { keyType: 'ec', curve: 'P-256', algorithm: 'sha256' } as const;

/** A certificate authority that lives in memory. */
export class Authority implements Pair {
  private constructor(
    readonly cert: string,
    readonly key: string,
  ) {}

  static async create(name: string): Promise<Authority> {
    const { cert, private: key } = await generate([{ name: 'commonName', value: name }], {
      ...BASE,
      extensions: [
        { name: 'basicConstraints', cA: true, critical: true },
        { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
      ],
    });
    return new Authority(cert, key);
  }

  /** For a server or a client, valid for a year. */
  async issue({ commonName, dnsNames = [] }: Subject): Promise<Pair> {
    const subject = commonName === undefined ? [{ name: 'organizationName', value: 'Test' }] : [];
    if (commonName !== undefined) subject.push({ name: 'commonName', value: commonName });
    const altNames = dnsNames.map((value) => ({ type: 2 as const, value }));
    const { cert, private: key } = await generate(subject, {
      ...BASE,
      ca: { cert: this.cert, key: this.key },
      extensions: [
        { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
        ...(altNames.length > 0 ? [{ name: 'subjectAltName' as const, altNames }] : []),
      ],
    });
    return { cert, key };
  }
}

/** Writes a pair where `CARILLON_TLS_SNI_DIR` looks for it. */
export function writePair(directory: string, { cert, key }: Pair): { certFile: string; keyFile: string } {
  mkdirSync(directory, { recursive: true });
  const [certFile, keyFile] = [join(directory, 'certificate.pem'), join(directory, 'key.pem')];
  writeFileSync(certFile, cert);
  writeFileSync(keyFile, key);
  return { certFile, keyFile };
}
