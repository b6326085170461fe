import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { generateLoad } from './load-generator.mjs';

/**
 * Measures a suite. Its cases come one after the other; within a case the servers take turns, each once a repeat, so that a slow spell of the
 * machine meets all of them. In a case with `pushes` the server sends so many by itself, to all clients. A case with `fresh` starts its server anew for each figure, as memory once used is seldom given back.
 */
export async function measure({ name: suite, cases, peers }, { directory, generator, repeats, results }) {
  for (const each of cases) {
    const taking = peers.filter((peer) => !each.without?.includes(peer.name));
    const servers = new Servers(directory, each);
    try {
      for (let repeat = 1; repeat <= repeats; repeat++) {
        for (const peer of taking) {
          const server = await servers.of(peer);
          const args = [...each.args, ...(server.args ?? [])];
          const push = each.pushes && (() => server.push(each.pushes, generator));
          const figures = await generateLoad(generator, each.command, server, args, push);
          results.add({
            suite,
            case: each.name,
            peer: peer.name,
            repeat,
            at: new Date().toISOString(),
            ...figures,
          });
          report(each, peer, repeat, figures);
          await servers.after(peer);
        }
      }
    } finally {
      await servers.stopAll();
    }
  }
}

/** The running servers of one case. */
class Servers {
  running = new Map();

  constructor(directory, { fresh = false, authenticated = false }) {
    this.directory = directory;
    this.fresh = fresh;
    this.options = { authenticated };
  }

  async of(peer) {
    if (!this.running.has(peer.name)) {
      const directory = mkdtempSync(join(this.directory, `${peer.name}-`));
      this.running.set(peer.name, await peer.start(directory, this.options));
    }
    return this.running.get(peer.name);
  }

  async after(peer) {
    if (!this.fresh) return;
    await this.running.get(peer.name).stop();
    this.running.delete(peer.name);
  }

  async stopAll() {
    for (const server of this.running.values()) await server.stop();
    this.running.clear();
  }
}

function report({ name, metrics }, peer, repeat, figures) {
  const shown = metrics.map(({ title, of }) => `${title} ${Math.round(of(figures))}`).join(', ');
  const fault = figures.exit === 0 ? '' : `  FAILED: ${JSON.stringify(figures.failures)}`;
  console.error(`${name}  ${peer.name}  #${repeat}  ${shown}${fault}`);
}
