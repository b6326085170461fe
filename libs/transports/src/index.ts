export * from './channel/content-cache.js';
export * from './channel/receipt-batcher.js';
export * from './delivery-transport.js';
export * from './mqtt/mqtt-transport.js';
export * from './poll/poll-transport.js';
export * from './transport-context.js';
export * from './xmpp/xmpp-transport.js';
