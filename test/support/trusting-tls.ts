import net from 'node:net';
import tls from 'node:tls';

// An installation's first certificate is self-signed, and @xmpp/client has no option for it. Nor does it listen on a socket that it
// has done with, which may be cut later.
const connectTls = tls.connect;
tls.connect = ((options: tls.ConnectionOptions) =>
  connectTls({ ...options, rejectUnauthorized: false }).on('error', () => undefined)) as typeof tls.connect;
const sockets: { connect: (this: net.Socket, ...how: never[]) => net.Socket } = net.Socket.prototype;
const connectSocket = sockets.connect;
sockets.connect = function connectAndListen(...how) {
  this.on('error', () => undefined);
  return Reflect.apply(connectSocket, this, how);
};
