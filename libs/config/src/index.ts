export type { Certificates } from './certificates.js';
export { loadConfig } from './config.js';
export type {
  Config,
  HttpTls,
  LogLevel,
  ProxiedListener,
  TlsFiles,
  XmppRegistration,
  XmppTls,
} from './config.js';
export { ConfigError } from './config-error.js';
export type { ConfigFault } from './config-error.js';
export { DataDirectory } from './data-directory.js';
export type { AdminKey } from './data-directory.js';
export { configurationDocument } from './documentation.js';
export type { AddressRange } from './kinds.js';
export { StartupError } from './startup-error.js';
