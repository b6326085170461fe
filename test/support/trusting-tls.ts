import net from 'node:net';
import tls from 'node:tls';

/** Node's own modules are shared by all specs of a process: they are changed once. */
const DONE = Symbol.for('carillon.trusting-tls');

// An installation's first certificate is self-signed, and @xmpp/client has no option for it. Nor does it listen on a socket that it
// has done with, which may be cut later.
if (!Reflect.has(tls, DONE)) {
  const connectTls = tls.connect;
  tls.connect = ((options: tls.ConnectionOptions) =>
    connectTls({ ...options, rejectUnauthorized: false }).on('error', () => undefined)) as typeof tls.connect;
  const connect = Reflect.get(net.Socket.prototype, 'connect') as (...how: never[]) => net.Socket;
  net.Socket.prototype.connect = function connectAndListen(this: net.Socket, ...how: never[]) {
    this.on('error', () => undefined);
    return Reflect.apply(connect, this, how);
  } as typeof net.Socket.prototype.connect;
  Reflect.set(tls, DONE, true);
}
