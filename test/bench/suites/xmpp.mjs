import { engine, gateway } from '../peers/carillon-xmpp.mjs';
import { ejabberd } from '../peers/ejabberd.mjs';
import { prosody } from '../peers/prosody.mjs';

const deliveries = (...targets) => ({
  title: 'deliveries per CPU second',
  of: (figures) => figures.deliveries_per_cpu_s,
  targets,
});

const logins = (...targets) => ({
  title: 'log-ins per CPU second',
  of: (figures) => figures.connects_per_cpu_s,
  targets,
});

const memory = (...targets) => ({
  title: 'bytes per connection',
  of: (figures) => figures.pss_bytes_per_connection,
  less: true,
  targets,
});

const oneToOne = (...args) => ({
  command: 'xmpp-fanout',
  args: ['--clients', '1000', '--messages', '60000', '--warmup', '20000', ...args],
  // Devices write to their app and not to one another.
  without: ['gateway'],
});

const NUMBERED = '--ts-key sentAtNs --seq-key pushNumber --seq-scope receiver --count message'.split(' ');

const pushes = (count) => ({
  command: 'xmpp-listen',
  args: ['--clients', '1000', '--expect', `${count * 1000}`, '--sm', ...NUMBERED],
  pushes: count,
});

/** Targets as in the suite of MQTT; with `case`, the peer's figure is that of another case. */
export const suite = {
  name: 'xmpp',
  title: 'XMPP',
  ours: ['engine', 'gateway'],
  peers: [ejabberd, prosody, engine, gateway],
  cases: [
    {
      name: 'one-to-one',
      title: 'one-to-one messages over 1,000 clients, 100 B',
      ...oneToOne(),
      metrics: [deliveries({ of: 'ejabberd', must: 1, aim: 2 })],
    },
    {
      name: 'receipts',
      title: 'the same with receipts (XEP-0184)',
      ...oneToOne('--receipts'),
      metrics: [deliveries({ of: 'ejabberd', must: 1.2, aim: 2 })],
    },
    {
      name: 'stream-management',
      title: 'the same with stream management (XEP-0198)',
      ...oneToOne('--sm'),
      metrics: [deliveries({ of: 'ejabberd', must: 1.2, aim: 2 })],
    },
    {
      name: 'push',
      title: 'a push to 1,000 clients, acknowledged (XEP-0198), against one-to-one messages',
      ...pushes(150),
      without: ['ejabberd', 'prosody'],
      metrics: [deliveries({ of: 'ejabberd', case: 'one-to-one', must: 2, aim: 4 })],
    },
    {
      name: 'log-ins',
      title: '5,000 log-ins: SASL PLAIN, bind, presence',
      command: 'xmpp-idle',
      args: ['--clients', '5000', '--hold', '1'],
      metrics: [logins({ of: 'ejabberd', must: 2, aim: 4 })],
    },
    {
      name: 'memory',
      title: '10,000 idle connections, plain TCP',
      command: 'xmpp-idle',
      args: ['--clients', '10000', '--hold', '12', '--settle', '1'],
      fresh: true,
      metrics: [memory({ of: 'prosody', must: 0.5, aim: 1 / 3 })],
    },
  ],
};
