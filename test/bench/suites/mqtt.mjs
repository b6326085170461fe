import { CREDENTIALS } from '../credentials.mjs';
import { aedes } from '../peers/aedes.mjs';
import { engine, gateway } from '../peers/carillon.mjs';
import { mosquitto, mosquittoDup } from '../peers/mosquitto.mjs';

const deliveries = (...targets) => ({
  title: 'deliveries per CPU second',
  of: (figures) => figures.deliveries_per_cpu_s,
  targets,
});

const p99 = (...targets) => ({
  title: 'p99 latency, µs',
  of: (figures) => figures.latency_us.p99,
  less: true,
  targets,
});

const memory = (...targets) => ({
  title: 'bytes per connection',
  of: (figures) => figures.pss_bytes_per_connection,
  less: true,
  targets,
});

const connects = (...targets) => ({
  title: 'connects per CPU second',
  of: (figures) => figures.connects_per_cpu_s,
  targets,
});

/** Read once a millisecond: it spares both sides' processors, and coarsens latency, which flat out says nothing. */
const FLAT_OUT = ['--tick-us', '1000'];
const fanOut = (...args) => ({ command: 'mqtt-fanout', args: ['--clients', '1000', ...args] });
const broadcast = (...args) => ({
  command: 'mqtt-fanout',
  args: ['--clients', '15000', '--messages', '40', '--warmup', '6', '--window', '1', ...FLAT_OUT, ...args],
});

/**
 * Targets: `must` and `aim` are what our figure is to be, as a multiple of a peer's (`of`); without `of`, the figure itself. Where `less` is
 * better they are upper bounds.
 */
export const suite = {
  name: 'mqtt',
  title: 'MQTT',
  ours: ['engine', 'gateway'],
  peers: [mosquitto, mosquittoDup, aedes, engine, gateway],
  cases: [
    {
      name: 'fan-out-qos0',
      title: 'fan-out 1 → 1,000, QoS 0, 100 B, flat out',
      ...fanOut('--messages', '1000', '--warmup', '100', ...FLAT_OUT),
      metrics: [deliveries({ of: 'mosquitto', must: 1.5, aim: 4 }, { of: 'mosquitto-dup', must: 1 })],
    },
    {
      name: 'broadcast-100',
      title: 'broadcast 1 → 15,000, one message at a time, 100 B',
      ...broadcast(),
      metrics: [deliveries({ of: 'mosquitto', must: 3 }, { of: 'mosquitto-dup', aim: 1 })],
    },
    {
      name: 'broadcast-1k',
      title: 'broadcast 1 → 15,000, one message at a time, 1 KB',
      ...broadcast('--size', '1024'),
      metrics: [deliveries({ of: 'mosquitto', must: 1.2, aim: 2 })],
    },
    {
      name: 'fan-out-qos1',
      title: 'fan-out 1 → 1,000, QoS 1, 100 B, flat out',
      ...fanOut('--messages', '600', '--warmup', '100', '--qos', '1', ...FLAT_OUT),
      metrics: [deliveries({ of: 'mosquitto', must: 1.2, aim: 2 })],
    },
    {
      name: 'unicast',
      title: 'unicast to 10,000 devices, QoS 1, 100 B',
      command: 'mqtt-unicast',
      args: [
        '--clients',
        '10000',
        '--messages',
        '60000',
        '--warmup',
        '20000',
        '--qos',
        '1',
        '--publishers',
        '4',
      ],
      metrics: [deliveries({ of: 'mosquitto', must: 1, aim: 1.5 }, { of: 'aedes', must: 1.5 })],
    },
    {
      name: 'paced',
      title: 'paced fan-out 1 → 1,000, QoS 0, 100 B, 10 messages/s',
      ...fanOut('--messages', '80', '--warmup', '60', '--rate', '10'),
      metrics: [deliveries({ of: 'mosquitto', must: 1, aim: 1.3 }), p99({ of: 'mosquitto', must: 1 })],
    },
    {
      name: 'memory',
      title: '19,000 idle connections, each with one subscription',
      command: 'mqtt-idle',
      args: [
        '--clients',
        '19000',
        '--topic',
        'd/{i}/inbox',
        '--hold',
        '12',
        '--keepalive',
        '10',
        '--settle',
        '1',
      ],
      fresh: true,
      without: ['mosquitto-dup'],
      metrics: [memory({ of: 'aedes', must: 0.5 }, { aim: 6144 })],
    },
    {
      name: 'connects',
      title: '10,000 connects with user name and password, each with one subscription',
      command: 'mqtt-idle',
      args: ['--clients', '10000', '--topic', 'd/{i}/inbox', '--hold', '1', ...CREDENTIALS],
      authenticated: true,
      fresh: true,
      without: ['mosquitto-dup'],
      metrics: [connects({ of: 'aedes', must: 2 }, { of: 'mosquitto', aim: 0.5 })],
    },
  ],
};
