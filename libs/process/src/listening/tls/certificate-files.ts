import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A certificate with its chain, and its private key; PEM. */
export interface CertificatePair {
  readonly cert: string;
  readonly key: string;
  readonly leaf: X509Certificate;
}

/** As this project, certbot, and Kubernetes name them. */
const FILE_NAMES = [
  ['certificate.pem', 'key.pem'],
  ['fullchain.pem', 'privkey.pem'],
  ['tls.crt', 'tls.key'],
] as const;

/** What is wrong with a file, in words that name it. */
export class FileFault extends Error {}

/** @throws FileFault */
export async function readPair(certFile: string, keyFile: string): Promise<CertificatePair> {
  const [cert, key] = await Promise.all([textOf(certFile), textOf(keyFile)]);
  const [leaf] = certificatesIn(certFile, cert);
  if (!leaf!.checkPrivateKey(privateKeyIn(keyFile, key)))
    throw new FileFault(`${keyFile} is not the key of the first certificate in ${certFile}`);
  return { cert, key, leaf: leaf! };
}

/** The pairs of all directories in a directory, by the directories' names; files and names that begin with a dot are passed over. */
export async function readPairs(directory: string): Promise<(CertificatePair | FileFault)[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch((error: unknown) => {
    throw unreadable(directory, error);
  });
  const homes = entries
    .filter((entry) => !entry.name.startsWith('.') && !entry.isFile())
    .map(({ name }) => join(directory, name))
    .sort();
  return Promise.all(homes.map((home) => pairIn(home).catch(faultOrThrow)));
}

/** @throws FileFault unless the text is PEM certificates, one at least */
export function certificatesIn(file: string, text: string): X509Certificate[] {
  try {
    const certificates = pemBlocks(text, 'CERTIFICATE').map((block) => new X509Certificate(block));
    if (certificates.length > 0) return certificates;
  } catch {
    // Said below.
  }
  throw new FileFault(`${file} holds no PEM certificate`);
}

export function pemBlocks(text: string, label: string): string[] {
  return text.match(new RegExp(`-----BEGIN ${label}-----[^]+?-----END ${label}-----`, 'g')) ?? [];
}

/** @throws FileFault */
export async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw unreadable(file, error);
  }
}

export function faultOrThrow(error: unknown): FileFault {
  if (error instanceof FileFault) return error;
  throw error;
}

async function pairIn(home: string): Promise<CertificatePair> {
  const files = await readdir(home).catch((error: unknown) => {
    throw unreadable(home, error);
  });
  const names = FILE_NAMES.find(([cert]) => files.includes(cert));
  if (names) return readPair(join(home, names[0]), join(home, names[1]));
  throw new FileFault(`${home} holds none of ${FILE_NAMES.map(([cert]) => cert).join(', ')}`);
}

function privateKeyIn(file: string, text: string) {
  try {
    return createPrivateKey(text);
  } catch {
    throw new FileFault(`${file} holds no PEM private key without a passphrase`);
  }
}

const unreadable = (path: string, error: unknown): FileFault =>
  new FileFault(`${path} cannot be read (${(error as NodeJS.ErrnoException).code})`);
