import { createHash, type X509Certificate } from 'node:crypto';
import { TLSSocket } from 'node:tls';

/** RFC 9266, RFC 5929. */
export type ChannelBindingType = 'tls-exporter' | 'tls-server-end-point' | 'tls-unique';

const EXPORTER_LABEL = 'EXPORTER-Channel-Binding';
const EXPORTER_BYTES = 32;

/** What ties a log-in to the TLS connection that it runs in. Empty without TLS of our own. */
export class ChannelBindings {
  private readonly known: ReadonlyMap<string, Buffer>;

  /** Once the handshake is done. */
  constructor(socket: TLSSocket | undefined) {
    this.known = new Map(socket ? bindingsOf(socket) : []);
  }

  get types(): string[] {
    return [...this.known.keys()];
  }

  data(type: string): Buffer | undefined {
    return this.known.get(type);
  }
}

function* bindingsOf(socket: TLSSocket): Iterable<[ChannelBindingType, Buffer]> {
  const protocol = socket.getProtocol();
  // Before TLS 1.3 an exporter binds only together with the extended master secret, of which Node does not tell (RFC 9266 §4.2).
  if (protocol === 'TLSv1.3')
    yield ['tls-exporter', socket.exportKeyingMaterial(EXPORTER_BYTES, EXPORTER_LABEL, Buffer.alloc(0))];
  const endPoint = serverEndPoint(socket.getX509Certificate());
  if (endPoint) yield ['tls-server-end-point', endPoint];
  const unique = protocol === 'TLSv1.2' ? firstFinished(socket) : undefined;
  if (unique) yield ['tls-unique', unique];
}

/** The first Finished message: the client's in a full handshake, the server's when a session is resumed (RFC 5929 §3.1). */
function firstFinished(socket: TLSSocket): Buffer | undefined {
  return socket.isSessionReused() ? socket.getFinished() : socket.getPeerFinished();
}

/** By the last arcs of the signature algorithm's OID; MD5 and SHA-1 count as SHA-256 (RFC 5929 §4.1). */
const HASHES: Record<string, string> = {
  '2a864886f70d010104': 'sha256', // md5WithRSAEncryption
  '2a864886f70d010105': 'sha256', // sha1WithRSAEncryption
  '2a864886f70d01010b': 'sha256',
  '2a864886f70d01010c': 'sha384',
  '2a864886f70d01010d': 'sha512',
  '2a8648ce3d0401': 'sha256', // ecdsa-with-SHA1
  '2a8648ce3d040302': 'sha256',
  '2a8648ce3d040303': 'sha384',
  '2a8648ce3d040304': 'sha512',
};

/** undefined where the RFC defines none: the signature uses no hash function of its own, or several. */
export function serverEndPoint(certificate: X509Certificate | undefined): Buffer | undefined {
  const algorithm = certificate && signatureAlgorithm(certificate.raw);
  const hash = algorithm && HASHES[algorithm];
  return hash ? createHash(hash).update(certificate.raw).digest() : undefined;
}

/** The OID, as hexadecimal DER content: `Certificate ::= SEQUENCE { tbsCertificate, SEQUENCE { OID, … }, … }` (RFC 5280 §4.1). */
function signatureAlgorithm(der: Buffer): string {
  const certificate = header(der, 0);
  const toBeSigned = header(der, certificate.content);
  const algorithm = header(der, toBeSigned.end);
  const oid = header(der, algorithm.content);
  return der.subarray(oid.content, oid.end).toString('hex');
}

/** Where the content of a DER element begins and ends. */
function header(der: Buffer, at: number): { content: number; end: number } {
  const first = der[at + 1]!;
  if (first < 0x80) return { content: at + 2, end: at + 2 + first };
  const size = first & 0x7f;
  const content = at + 2 + size;
  return { content, end: content + der.readUIntBE(at + 2, size) };
}
