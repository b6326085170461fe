import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { root } from '../../scripts/setup/root.mjs';

const START_DEADLINE_MS = 60_000;
const STOP_DEADLINE_MS = 20_000;
/** What the image gives its processes: everything on Node that is measured has it. */
const NODE_OPTIONS = /NODE_OPTIONS=(\S+)/.exec(readFileSync(join(root, 'Dockerfile'), 'utf8'))[1];

/** A server that listens on `port` and is stopped by its own process id. */
export class ServerProcess {
  constructor(child, port) {
    this.child = child;
    this.port = port;
  }

  /** Starts a program, and waits until something listens on the port. What it prints goes to a file `output` in its directory. */
  static async start([program, ...args], { directory, port, env = process.env }) {
    const output = openSync(join(directory, 'output'), 'a');
    const child = spawn(program, args, {
      cwd: directory,
      env: { ...env, NODE_OPTIONS },
      stdio: ['ignore', output, output],
    });
    child.on('error', () => {});
    const server = new ServerProcess(child, port);
    try {
      await server.listening();
    } catch (error) {
      await server.stop();
      throw new Error(
        `${program}: ${error.message}\n${readFileSync(join(directory, 'output'), 'utf8').slice(-2000)}`,
      );
    }
    return server;
  }

  /** The process and its children: all of them are metered. */
  pids() {
    return descendants(this.child.pid);
  }

  async stop() {
    const { child } = this;
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS);
    await exited;
    clearTimeout(timer);
  }

  async listening() {
    const deadline = Date.now() + START_DEADLINE_MS;
    while (!(await accepts(this.port))) {
      if (this.child.pid === undefined || this.child.exitCode !== null) throw new Error('did not start');
      if (Date.now() > deadline) throw new Error(`nothing listens on ${this.port}`);
      await sleep(50);
    }
    await sleep(300);
  }
}

/** A port of 127.0.0.1 that nothing listens on. */
export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

function accepts(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

function descendants(pid) {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return [
    pid,
    ...children
      .split(' ')
      .filter(Boolean)
      .flatMap((child) => descendants(Number(child))),
  ];
}
