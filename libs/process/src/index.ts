export * from './http/index.js';
export * from './listening/index.js';
export { listenFailure } from './listen-failure.js';
export { ProcessContext, type Listener, type ProcessName } from './process-context.js';
export { ProcessModule } from './process.module.js';
export { Recurring } from './recurring.js';
export { type ProcessOptions, runProcess } from './run-process.js';
export { softwareVersion } from './software-version.js';
export { streamsClient, streamsServer, WORKERS } from './streams.js';
