export { assumeAddress } from './assumed-address.js';
export { LimitedLog } from './limited-log.js';
export { ProxyProtocol } from './proxy-protocol/proxy-protocol.js';
export { Reload } from './reload.js';
export { namesOf } from './tls/server-names.js';
export { TlsMaterial } from './tls/tls-material.js';
export { TlsTerminator } from './tls/tls-terminator.js';
