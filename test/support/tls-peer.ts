import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls';

/** The common name that a TLS listener shows, of a handshake that is complete. */
export async function shownBy(url: string, options: ConnectionOptions = {}): Promise<string> {
  const socket = await secured(url, options);
  return nameAndEnd(socket);
}

/** A TLS connection after its handshake. */
export async function secured(url: string, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const { hostname: host, port } = new URL(url);
  const socket = connectTls({ host, port: Number(port), rejectUnauthorized: false, ...options });
  await once(socket, 'secureConnect');
  socket.on('error', () => undefined);
  return socket;
}

/** The common name that STARTTLS on an XMPP port shows. */
export async function shownByStartTls(url: string, domain = 'localhost'): Promise<string> {
  const { hostname: host, port } = new URL(url);
  const plain = connectTcp({ host, port: Number(port) });
  plain.write(
    `<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='${domain}' version='1.0'>`,
  );
  await heard(plain, '</stream:features>');
  plain.write("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
  await heard(plain, '<proceed');
  const socket = connectTls({ socket: plain, rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  return nameAndEnd(socket);
}

async function nameAndEnd(socket: TLSSocket): Promise<string> {
  const { CN } = socket.getPeerCertificate().subject;
  socket.destroy();
  return String(CN);
}

async function heard(socket: Socket, words: string): Promise<void> {
  let said = '';
  while (!said.includes(words)) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    said += chunk.toString();
  }
}
