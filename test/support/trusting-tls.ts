import tls from 'node:tls';

// An installation's first certificate is self-signed, and @xmpp/client has no option for it.
const connectTls = tls.connect;
tls.connect = ((options: tls.ConnectionOptions) =>
  connectTls({ ...options, rejectUnauthorized: false })) as typeof tls.connect;
