import { createPrivateKey, randomUUID, X509Certificate } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import { StartupError } from './startup-error.js';

/** A certificate and its private key, PEM. */
export interface Certificates {
  readonly cert: string;
  readonly key: string;
  readonly certPath: string;
  readonly keyPath: string;
}

const YEARS = 10;

/** The pair in `<directory>/<domain>/`, which the first call makes; whole pairs only, however many processes call at once. */
export async function certificatesIn(directory: string, domain: string): Promise<Certificates> {
  const home = join(directory, domain);
  return (await read(home)) ?? (await make(home, domain));
}

async function make(home: string, domain: string): Promise<Certificates> {
  const draft = `${home}.${randomUUID()}`;
  await mkdir(draft, { recursive: true, mode: 0o700 });
  const pair = await selfSigned(domain);
  await writeFile(join(draft, 'certificate.pem'), pair.cert, { flush: true });
  await writeFile(join(draft, 'key.pem'), pair.key, { mode: 0o600, flush: true });
  // Another process may have been first: a directory never replaces one that holds files.
  const failure = await rename(draft, home).catch((error: unknown) => error);
  if (failure !== undefined) await rm(draft, { recursive: true });
  const made = await read(home);
  if (made === undefined) throw failure ?? new Error(`${home} is gone`);
  return made;
}

async function read(home: string): Promise<Certificates | undefined> {
  const certPath = join(home, 'certificate.pem');
  const keyPath = join(home, 'key.pem');
  const [cert, key] = await Promise.all([textOf(certPath), textOf(keyPath)]);
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined || !belongTogether(cert, key)) {
    throw new StartupError(
      `${home} holds no certificate.pem with its key.pem`,
      'put a matching pair there, or remove the directory to have a new one made',
    );
  }
  return { cert, key, certPath, keyPath };
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function belongTogether(cert: string, key: string): boolean {
  try {
    return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}

async function selfSigned(domain: string): Promise<{ cert: string; key: string }> {
  const notAfterDate = new Date();
  notAfterDate.setFullYear(notAfterDate.getFullYear() + YEARS);
  const pair = await generate([{ name: 'commonName', value: domain }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notAfterDate,
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [...new Set([domain, 'localhost', '127.0.0.1', '::1'])].map(altName),
      },
    ],
  });
  return { cert: pair.cert, key: pair.private };
}

function altName(name: string): { type: 2; value: string } | { type: 7; ip: string } {
  return isIP(name) > 0 ? { type: 7, ip: name } : { type: 2, value: name };
}
