import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { WebSocket } from 'ws';

const FLAGS = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--no-first-run',
  '--remote-debugging-port=0',
  // Installations of tests have certificates of their own making.
  '--ignore-certificate-errors',
];

interface Reply {
  id: number;
  result?: { result?: { value?: unknown }; exceptionDetails?: { text: string } };
}

/** A page in a headless Chromium, steered by its debugging protocol. */
export class ChromiumPage {
  private serial = 0;
  private readonly waiting = new Map<number, (reply: Reply) => void>();

  private constructor(
    private readonly child: ChildProcess,
    private readonly profile: string,
    private readonly socket: WebSocket,
  ) {
    socket.on('message', (data: Buffer) => {
      const reply = JSON.parse(data.toString()) as Reply;
      this.waiting.get(reply.id)?.(reply);
      this.waiting.delete(reply.id);
    });
  }

  /** Its version, or undefined where there is none. */
  static version(): string | undefined {
    try {
      return /[\d.]+/.exec(
        execFileSync('chromium', ['--version'], { stdio: ['ignore', 'pipe', 'ignore'] }).toString(),
      )![0];
    } catch {
      return undefined;
    }
  }

  static async open(url: string): Promise<ChromiumPage> {
    const profile = mkdtempSync(join(tmpdir(), 'carillon-chromium-'));
    const child = spawn('chromium', [...FLAGS, `--user-data-dir=${profile}`, url], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const port = await debuggingPort(child);
    const socket = new WebSocket(await pageOf(port, url));
    await once(socket, 'open');
    const page = new ChromiumPage(child, profile, socket);
    while ((await page.evaluate('location.href + document.readyState')) !== `${url}complete`)
      await new Promise((resolve) => setTimeout(resolve, 50));
    return page;
  }

  /** What an expression of the page's comes to; of a promise what it resolves to. */
  async evaluate(expression: string): Promise<unknown> {
    const id = ++this.serial;
    const params = { expression, awaitPromise: true, returnByValue: true };
    this.socket.send(JSON.stringify({ id, method: 'Runtime.evaluate', params }));
    const { result } = await new Promise<Reply>((resolve) => this.waiting.set(id, resolve));
    if (result?.exceptionDetails) throw new Error(`${expression}: ${result.exceptionDetails.text}`);
    return result?.result?.value;
  }

  async close(): Promise<void> {
    this.socket.terminate();
    this.child.kill('SIGKILL');
    await once(this.child, 'exit');
    rmSync(this.profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

function debuggingPort(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.once('exit', () => reject(new Error('chromium ended')));
    createInterface(child.stderr!).on('line', (line) => {
      const match = /DevTools listening on ws:\/\/[^:]+:(\d+)\//.exec(line);
      if (match) resolve(match[1]!);
    });
  });
}

async function pageOf(port: string, url: string): Promise<string> {
  for (;;) {
    const targets = (await (await fetch(`http://127.0.0.1:${port}/json`)).json()) as {
      url: string;
      webSocketDebuggerUrl: string;
    }[];
    const page = targets.find((target) => target.url.startsWith(url));
    if (page) return page.webSocketDebuggerUrl;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
