import {
  createSecureContext,
  createServer,
  DEFAULT_CIPHERS,
  type SecureContext,
  type SecureContextOptions,
  type Server,
} from 'node:tls';
import { type Config, type DataDirectory, StartupError, type TlsFiles } from '@carillon/config';
import {
  type CertificatePair,
  certificatesIn,
  FileFault,
  faultOrThrow,
  pemBlocks,
  readPair,
  readPairs,
  textOf,
} from './certificate-files.js';
import { namesOf, ServerNames } from './server-names.js';

export interface TlsServerOptions {
  /** Asks for client certificates, if there is an authority to trust them by. */
  readonly clientCertificates?: boolean;
  readonly alpn?: readonly string[];
}

/** Certificate authorities and revocation lists for client certificates (PEM), and the versions of TLS. */
type Terms = Pick<SecureContextOptions, 'ca' | 'crl' | 'minVersion' | 'ciphers'>;

interface Loaded {
  /** For clients that name no server, or one that no certificate is for. */
  readonly fallback: SecureContextOptions;
  readonly fallbackContext: SecureContext;
  readonly named: ServerNames<SecureContext>;
  readonly pairs: readonly CertificatePair[];
}

/** The certificates that TLS shows: the operator's, or a self-signed one of the data directory. */
export class TlsMaterial {
  private loaded: Loaded | undefined;
  private readonly servers: Server[] = [];
  private readonly files: TlsFiles;

  constructor(
    private readonly config: Config,
    private readonly directory: DataDirectory,
  ) {
    this.files = config.tls;
  }

  /**
   * Reads all files. What is shown changes at once and for all servers; connections that stand are not touched.
   * @throws StartupError that lists every fault; then all stays as it was
   */
  async load(): Promise<void> {
    const faults: string[] = [];
    const note = (error: unknown): undefined => void faults.push(faultOrThrow(error).message);
    const trust = await this.clientTrust().catch(note);
    const own = await this.ownPair().catch(note);
    const further = await this.furtherPairs().catch(note);
    for (const each of further ?? []) if (each instanceof FileFault) note(each);
    if (own && further && faults.length === 0) {
      this.use(
        assemble(
          own,
          further as CertificatePair[],
          { ...versionsFrom(this.files.minVersion), ...trust },
          note,
        ),
        faults,
      );
    }
    if (faults.length > 0)
      throw new StartupError('the TLS files cannot be used', ['correct them', ...faults].join('\n  '));
  }

  /** A TLS server that never listens: it is given connections (`emit('connection')`). It shows what is loaded, then and later. */
  server({ clientCertificates = false, alpn }: TlsServerOptions): Server {
    const asks = clientCertificates && this.files.clientCaFile !== undefined;
    const server = createServer({
      ...this.material.fallback,
      handshakeTimeout: this.config.connections.handshakeTimeoutMs,
      SNICallback: (name, done) => done(null, this.secureContext(name)),
      requestCert: asks,
      rejectUnauthorized: asks && this.files.clientCertificates === 'require',
      ...(alpn && { ALPNProtocols: [...alpn] }),
    });
    this.servers.push(server);
    return server;
  }

  /** For a server name, or for clients that name none. It knows the authorities of client certificates too. */
  secureContext(serverName?: string): SecureContext {
    const { named, fallbackContext } = this.material;
    return (serverName === undefined ? undefined : named.find(serverName)) ?? fallbackContext;
  }

  /** When each certificate ends, in seconds since 1970, by its first name. */
  *expiries(): Iterable<{ name: string; notAfter: number }> {
    for (const { leaf } of this.material.pairs)
      yield { name: namesOf(leaf)[0] ?? leaf.serialNumber, notAfter: Date.parse(leaf.validTo) / 1000 };
  }

  private get material(): Loaded {
    if (!this.loaded) throw new Error('the certificates are read when the process starts');
    return this.loaded;
  }

  private use(loaded: Loaded | undefined, faults: readonly string[]): void {
    if (!loaded || faults.length > 0) return;
    this.loaded = loaded;
    for (const server of this.servers) server.setSecureContext(loaded.fallback);
  }

  private async ownPair(): Promise<CertificatePair> {
    const { certFile, keyFile } = this.files;
    if ((certFile === undefined) !== (keyFile === undefined))
      throw new FileFault('CARILLON_TLS_CERT_FILE and CARILLON_TLS_KEY_FILE are only of use together');
    if (certFile !== undefined && keyFile !== undefined) return readPair(certFile, keyFile);
    const { certPath, keyPath } = await this.directory.certificates(this.config.xmpp.domain);
    return readPair(certPath, keyPath);
  }

  private furtherPairs(): Promise<(CertificatePair | FileFault)[]> {
    const { sniDir } = this.files;
    return sniDir === undefined ? Promise.resolve([]) : readPairs(sniDir);
  }

  private async clientTrust(): Promise<Terms> {
    const { clientCaFile, clientCrlFile } = this.files;
    if (clientCaFile === undefined) {
      if (clientCrlFile === undefined) return {};
      throw new FileFault('CARILLON_TLS_CLIENT_CRL_FILE is of no use without CARILLON_TLS_CLIENT_CA_FILE');
    }
    const authorities = await textOf(clientCaFile);
    certificatesIn(clientCaFile, authorities);
    return { ca: authorities, ...(clientCrlFile && { crl: await revocationLists(clientCrlFile) }) };
  }
}

/** OpenSSL takes one list at a time. */
async function revocationLists(file: string): Promise<string[]> {
  const lists = pemBlocks(await textOf(file), 'X509 CRL');
  if (lists.length > 0 && isUsable({ crl: lists })) return lists;
  throw new FileFault(`${file} holds no PEM revocation list`);
}

function assemble(
  own: CertificatePair,
  further: readonly CertificatePair[],
  terms: Terms,
  note: (fault: FileFault) => void,
): Loaded | undefined {
  const contextOf = (pair: CertificatePair): SecureContext | undefined => {
    try {
      return createSecureContext(contextOptions(pair, terms));
    } catch (error) {
      note(
        new FileFault(`the certificate for ${namesOf(pair.leaf).join(', ')}: ${(error as Error).message}`),
      );
      return undefined;
    }
  };
  const fallbackContext = contextOf(own);
  const named = new ServerNames<SecureContext>();
  for (const pair of [own, ...further]) {
    const context = pair === own ? fallbackContext : contextOf(pair);
    if (context) named.add(namesOf(pair.leaf), context);
  }
  if (!fallbackContext) return undefined;
  return { fallback: contextOptions(own, terms), fallbackContext, named, pairs: [own, ...further] };
}

function contextOptions({ cert, key }: CertificatePair, terms: Terms): SecureContextOptions {
  // A session that was begun with a client certificate is resumed only under the same name (SSL_CTX_set_session_id_context).
  return { cert, key, sessionIdContext: 'carillon', ...terms };
}

/** COMPAT: before 1.2 signatures are by SHA-1, which OpenSSL 3 takes at security level 0 alone. */
function versionsFrom(oldest: TlsFiles['minVersion']): Terms {
  if (oldest === '1.2' || oldest === '1.3') return { minVersion: `TLSv${oldest}` };
  return { minVersion: oldest === '1.1' ? 'TLSv1.1' : 'TLSv1', ciphers: `${DEFAULT_CIPHERS}:@SECLEVEL=0` };
}

function isUsable(options: SecureContextOptions): boolean {
  try {
    createSecureContext(options);
    return true;
  } catch {
    return false;
  }
}
