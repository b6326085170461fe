import { buildLoadGenerator, generateLoad } from '../load-generator.mjs';
import { cpuSecondsOf } from '../processor-time.mjs';
import { FanOutSystem } from './fan-out-system.mjs';
import { MemorySamples } from './memory-samples.mjs';
import { groupsOf, sizesOf } from './population.mjs';

const CONTENT = { title: 'Tea', body: 'is ready' };

/** Groups of registered devices, of which none is connected, and of others that all are. */
export class FanOutBench {
  static async start(directory, { registered, connected }) {
    const generator = buildLoadGenerator(directory);
    const absent = { prefix: 'a', count: registered, sizes: sizesOf(registered, [1_000, 10_000, 100_000]) };
    const present = { prefix: 'p', count: connected, sizes: sizesOf(connected, [1_000, 10_000]) };
    const system = await FanOutSystem.start(directory, [absent, present]);
    return new FanOutBench(system, generator, absent, present);
  }

  constructor(system, generator, absent, present) {
    Object.assign(this, { system, generator, absent, present });
  }

  stop() {
    return this.system.stop();
  }

  /** One call to all who are registered: by the clock, by processor time, and the worker's memory. */
  async deposits() {
    const { count } = this.absent;
    await this.warmUp();
    const memory = new MemorySamples(this.system.worker.child.pid);
    const { seconds, cpu } = await this.deposit(count);
    const { max_mib, first_mib, growth_percent } = memory.end();
    return {
      deposits_per_s: count / seconds,
      deposits_per_cpu_s: count / (cpu.worker + cpu.redis),
      us_by_process: microseconds(cpu, count),
      worker_max_mib: max_mib,
      worker_first_mib: first_mib,
      worker_growth_percent: growth_percent,
    };
  }

  /** As many calls to groups of each size as make one delivery a device: µs of the worker's and Redis' processor time a delivery. */
  async costs() {
    await this.warmUp();
    const us = new Map();
    for (const size of this.absent.sizes) {
      const { cpu } = await this.deposit(size);
      us.set(size, ((cpu.worker + cpu.redis) / this.absent.count) * 1e6);
    }
    return withSpread(us);
  }

  /** All of them connect, over three edges; then the same for those, to the last acknowledgement. */
  async deliveries() {
    const { sizes, count } = this.present;
    const warmUps = 2;
    let figures;
    const outcomes = await this.listen(sizes.length + warmUps, async () => {
      for (let i = 0; i < warmUps; i++) await this.deliver(count);
      const us = new Map();
      let whole;
      for (const size of sizes) {
        whole = await this.deliver(size);
        us.set(size, (whole.cpu.all / count) * 1e6);
      }
      figures = {
        deliveries_per_s: count / whole.seconds,
        deliveries_per_cpu_s: count / whole.cpu.all,
        us_by_process: microseconds(whole.cpu, count),
        ...withSpread(us),
      };
    });
    await this.system.forgetDeliveries();
    return { ...figures, ...outcomes };
  }

  /** Compiled code, and connections that are open. */
  async warmUp() {
    await this.deposit(this.absent.sizes.find((size) => size >= 10_000) ?? this.absent.count, 10);
  }

  /** @param most how many groups at most */
  async deposit(size, most = Infinity) {
    const groups = groupsOf(this.absent, size).slice(0, most);
    const before = this.cpu();
    const began = performance.now();
    const ids = await this.system.send(groups, () => CONTENT);
    await this.system.reached(ids, 'queued', size);
    const seconds = (performance.now() - began) / 1_000;
    await this.system.atRest();
    const after = this.cpu();
    await this.system.forgetDeliveries();
    return { seconds, cpu: difference(after, before) };
  }

  async deliver(size) {
    const before = this.cpu();
    const began = performance.now();
    const sentAtNs = Number(process.hrtime.bigint());
    const ids = await this.system.send(groupsOf(this.present, size), () => ({
      ...CONTENT,
      data: { call: this.calls, sentAtNs },
    }));
    this.calls++;
    await this.system.reached(ids, 'acknowledged', size);
    const seconds = (performance.now() - began) / 1_000;
    await this.system.atRest();
    const after = this.cpu();
    return { seconds, cpu: difference(after, before) };
  }

  /** Connects all devices, does the work, and answers whether each device had each of its messages once. */
  async listen(messages, work) {
    const { prefix, count } = this.present;
    const { edges, tokens } = this.system;
    this.calls = 0;
    let [waiting, first] = [edges.length, 0];
    const whenReady = async () => {
      if (--waiting === 0) await work();
    };
    const listeners = edges.map((edge, i) => {
      const clients = Math.floor(count / edges.length) + (i < count % edges.length ? 1 : 0);
      const args = listenerArgs({ prefix, token: tokens.get(prefix), first, clients, messages });
      first += clients;
      return generateLoad(this.generator, 'mqtt-listen', edge, args, whenReady);
    });
    const ended = await Promise.all(listeners);
    return {
      exit: Math.max(...ended.map(({ exit }) => exit)),
      latency_p99_us: Math.max(...ended.map(({ latency_us }) => latency_us?.p99)),
      failures: ended.flatMap(({ failures }) => failures ?? []),
    };
  }

  /** Processor time so far, s. */
  cpu() {
    const { api, worker, redis, edges } = this.system;
    const of = (...servers) => cpuSecondsOf(servers.flatMap((server) => server.pids()));
    const each = { api: of(api), worker: of(worker), redis: of(redis), edges: of(...edges) };
    return { ...each, all: each.api + each.worker + each.redis + each.edges };
  }
}

const listenerArgs = ({ prefix, token, first, clients, messages }) =>
  Object.entries({
    clients,
    first,
    'client-id': `${prefix}{i}`,
    username: `${prefix}{i}`,
    password: token,
    topic: `devices/${prefix}{i}/inbox`,
    qos: 1,
    expect: clients * messages,
    'seq-scope': 'receiver',
    'seq-max': messages,
    // With its quotes: it looks for the text.
    'seq-key': '"call"',
    'ts-key': 'sentAtNs',
    timeout: 240,
    'max-time': 1_800,
    keepalive: 600,
    'tick-us': 1_000,
  }).flatMap(([name, value]) => [`--${name}`, `${value}`]);

const difference = (after, before) =>
  Object.fromEntries(Object.entries(after).map(([name, seconds]) => [name, seconds - before[name]]));

const microseconds = (cpu, count) =>
  Object.fromEntries(Object.entries(cpu).map(([name, seconds]) => [name, (seconds / count) * 1e6]));

/** Costs by size, and by how much the one furthest from the middle of the least and the most differs from it, %. */
function withSpread(us) {
  const costs = [...us.values()];
  const [least, most] = [Math.min(...costs), Math.max(...costs)];
  return { us: Object.fromEntries(us), spread_percent: ((most - least) / (most + least)) * 100 };
}
