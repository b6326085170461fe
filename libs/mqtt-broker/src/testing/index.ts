export { describeCluster, type TestCluster } from './cluster-contract.js';
export { startBroker, stopBrokers } from './test-broker.js';
export { TestClient, tick } from './test-client.js';
