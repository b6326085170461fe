import { api, bare, system } from '../peers/carillon-rest.mjs';

const accepted = (perRequest, ...targets) => ({
  title: 'notifications accepted per CPU second',
  of: (figures) => figures.responses_per_cpu_s * perRequest,
  targets,
});

const deliveries = (...targets) => ({
  title: 'deliveries per CPU second, whole system',
  of: (figures) => figures.deliveries_per_cpu_s,
  targets,
});

const latency = (quantile, must) => ({
  title: `${quantile} from the request's due time to the message, µs`,
  of: (figures) => figures.latency_us[quantile],
  less: true,
  targets: [{ must }],
});

const BATCH = 100;
const notification =
  '{"audience":{"device":"d{rand:1000}"},"title":"Tea","body":"is ready","data":{"n":{seq}}}';
const batch = `{"notifications":[${Array.from({ length: BATCH }, () => notification).join(',')}]}`;

const send = (path, body, messages, clients) => ({
  command: 'http-send',
  args: ['--clients', `${clients}`, '--messages', `${messages}`, '--path', path, '--body', body],
});

const DEVICES = 10_000;

/** One device a call, each number to one device; the listener has what the sender has sent. */
const pipeline = (messages, ...pacing) => ({
  command: 'mqtt-listen',
  args: [
    '--clients',
    `${DEVICES}`,
    '--client-id',
    'd{i}',
    '--username',
    'd{i}',
    '--topic',
    'devices/d{i}/inbox',
    '--qos',
    '1',
    '--expect',
    `${messages}`,
    '--seq-max',
    `${messages}`,
    '--ts-key',
    'sentAtNs',
    '--seq-key',
    // With its quotes: it looks for the text.
    '"n"',
  ],
  pushes: ['--messages', `${messages}`, ...pacing],
});

/**
 * `bare` is a Fastify route that validates the same JSON by a schema and does one XADD, with its Redis. What is above its half is ours to
 * lose: an API key, an idempotency key, the notification's own record.
 */
export const suite = {
  name: 'rest',
  title: 'REST',
  ours: ['api', 'system'],
  peers: [bare, api, system],
  cases: [
    {
      name: 'accept',
      title: 'REST accept, one device a call, 50 connections',
      ...send('/v1/notifications', notification, 30_000, 50),
      without: ['system'],
      metrics: [accepted(1, { of: 'bare', must: 0.5 })],
    },
    {
      name: 'batch',
      title: `the same, ${BATCH} a call, 8 connections`,
      ...send('/v1/notifications/batch', batch, 600, 8),
      without: ['system', 'bare'],
      metrics: [accepted(BATCH)],
    },
    {
      name: 'pipeline',
      title: 'REST → MQTT QoS 1, 10,000 connected, one device a call, flat out',
      ...pipeline(20_000, '--clients', '64'),
      without: ['api', 'bare'],
      metrics: [deliveries({ must: 5_200, aim: 9_750 })],
    },
    ...[500, 2_000].map((rate) => ({
      name: `paced-${rate}`,
      title: `the same at ${rate}/s`,
      ...pipeline(rate * 10, '--clients', '64', '--rate', `${rate}`),
      without: ['api', 'bare'],
      metrics: [latency('p50', 3_000), latency('p99', 15_000)],
    })),
  ],
};
