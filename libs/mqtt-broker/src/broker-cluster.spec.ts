import { describeCluster } from './testing/cluster-contract.js';
import { MemoryCluster } from './testing/memory-cluster.js';

describeCluster('brokers that share sessions and publications in memory', () =>
  Promise.resolve(new MemoryCluster()),
);
