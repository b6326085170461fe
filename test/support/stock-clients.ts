import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { client, type Client, xml } from '@xmpp/client';
import { WebSocket } from 'ws';
import { ChromiumPage } from './chromium.js';
import './trusting-tls.js';

// @xmpp/client takes the WebSocket of its surroundings, which Node has only since 22.
globalThis.WebSocket = WebSocket as unknown as typeof globalThis.WebSocket;

export interface Account {
  readonly id: string;
  readonly token: string;
  readonly domain: string;
  /** Of the listener that it should come to, on 127.0.0.1. */
  readonly port: number;
}

/** A client as its users get it, steered from outside. */
export interface StockClient {
  /** How often each of these titles was shown. */
  shown(title: string): Promise<number>;
  end(): Promise<void>;
}

/** The parts of @xmpp/client that its types leave out. */
interface XmppInternals {
  reconnect: { start(): void; delay: number };
}

/** `@xmpp/client` as npm has it. */
export class XmppJsClient implements StockClient {
  private readonly titles: string[] = [];

  private constructor(private readonly client: Client) {}

  static async start({ id, token, domain, port }: Account, kind: 'tcp' | 'websocket'): Promise<XmppJsClient> {
    const service = kind === 'tcp' ? `xmpp://127.0.0.1:${port}` : `wss://127.0.0.1:${port}/xmpp-websocket`;
    const connection = client({ service, domain, username: id, password: token });
    // Its default of 2 s is short for a machine that runs many suites at once.
    connection.timeout = 25_000;
    (connection as unknown as XmppInternals).reconnect.delay = 300;
    connection.on('error', () => undefined);
    const self = new XmppJsClient(connection);
    connection.on('stanza', (stanza) => {
      if (stanza.is('message')) self.titles.push(stanza.getChildText('subject') ?? '');
    });
    // After a resumption it is online too, and its presence stands.
    connection.once('online', () => void connection.send(xml('presence')));
    await connection.start();
    return self;
  }

  static version(): string | undefined {
    return (
      JSON.parse(readFileSync(resolve('node_modules/@xmpp/client/package.json'), 'utf8')) as {
        version: string;
      }
    ).version;
  }

  shown(title: string): Promise<number> {
    return Promise.resolve(this.titles.filter((each) => each === title).length);
  }

  async end(): Promise<void> {
    await this.client.stop();
  }
}

/** slixmpp from Debian, in a program of a few lines. */
export class SlixmppClient implements StockClient {
  readonly events: { event: string; subject?: string; mechanism?: string; contacts?: string[] }[] = [];
  private readonly child: ChildProcess;

  constructor({ id, token, domain, port }: Account) {
    const program = resolve('test/support/slixmpp-client.py');
    const args = [program, `${id}@${domain}`, token, '127.0.0.1', String(port)];
    this.child = spawn('/usr/bin/python3', args, { stdio: ['pipe', 'pipe', 'ignore'] });
    createInterface(this.child.stdout!).on('line', (line) => this.events.push(JSON.parse(line) as never));
  }

  static version(): string | undefined {
    return output('/usr/bin/python3', ['-c', 'import slixmpp; print(slixmpp.__version__)']);
  }

  shown(title: string): Promise<number> {
    return Promise.resolve(this.events.filter(({ subject }) => subject === title).length);
  }

  async end(): Promise<void> {
    await killed(this.child);
  }
}

const PROFRC = `[ui]
splash=false
[connection]
reconnect=1
[logging]
chlog=true
`;

/** profanity from Debian, typed to through a pseudo-terminal; what it shows is read from its chat log. */
export class ProfanityClient implements StockClient {
  private readonly home = mkdtempSync(join(tmpdir(), 'carillon-profanity-'));
  private readonly child: ChildProcess;

  constructor({ id, token, domain, port }: Account) {
    mkdirSync(join(this.home, 'profanity'), { recursive: true });
    writeFileSync(join(this.home, 'profanity', 'profrc'), PROFRC);
    this.child = spawn('script', ['-qfc', 'profanity', '/dev/null'], {
      env: {
        PATH: process.env.PATH,
        HOME: this.home,
        XDG_CONFIG_HOME: this.home,
        XDG_DATA_HOME: this.home,
        TERM: 'xterm',
      },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    this.logIn(`/connect ${id}@${domain} server 127.0.0.1 port ${port} tls trust`, token);
  }

  static version(): string | undefined {
    return /version ([\d.]+)/.exec(output('profanity', ['--version']) ?? '')?.[1];
  }

  shown(title: string): Promise<number> {
    const logs = filesBelow(join(this.home, 'profanity', 'chatlogs')).filter((path) => path.endsWith('.log'));
    const lines = logs.flatMap((path) => readFileSync(path, 'utf8').split('\n'));
    return Promise.resolve(lines.filter((line) => line.endsWith(title)).length);
  }

  async end(): Promise<void> {
    this.child.stdin!.write('/quit\n');
    await Promise.race([once(this.child, 'exit'), new Promise((done) => setTimeout(done, 2_000))]);
    await killed(this.child);
    rmSync(this.home, { recursive: true, force: true });
  }

  /** It asks for each when it is ready for it. */
  private logIn(command: string, token: string): void {
    const steps: [RegExp, string][] = [
      [/Type .*\/help/, command],
      [/Enter password/, token],
    ];
    let screen = '';
    this.child.stdout!.on('data', (bytes: Buffer) => {
      screen += bytes.toString('latin1');
      if (steps.length === 0 || !steps[0]![0].test(screen)) return;
      screen = '';
      this.child.stdin!.write(`${steps.shift()![1]}\n`);
    });
  }
}

/** A page with strophe.js in a headless Chromium. */
export class StropheClient implements StockClient {
  private constructor(
    private readonly server: Server,
    private readonly page: ChromiumPage,
  ) {}

  /** @param kind the endpoint that it should use */
  static async start(
    { id, token, domain, port }: Account,
    kind: 'websocket' | 'bosh',
  ): Promise<StropheClient> {
    const files: Record<string, string> = {
      '/': resolve('test/support/strophe-page.html'),
      '/strophe.js': resolve('node_modules/strophe.js/dist/strophe.umd.cjs'),
    };
    const server = createServer((request, response) => {
      const file = files[request.url!];
      const type = file?.endsWith('.html') ? 'text/html' : 'text/javascript';
      response.writeHead(file ? 200 : 404, { 'content-type': type }).end(file && readFileSync(file));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const page = await ChromiumPage.open(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const service =
      kind === 'websocket' ? `wss://127.0.0.1:${port}/xmpp-websocket` : `https://127.0.0.1:${port}/http-bind`;
    const options = { enableStreamManagement: kind === 'websocket' };
    const args = [service, `${id}@${domain}`, token, options].map((each) => JSON.stringify(each));
    await page.evaluate(`connect(${args.join(', ')})`);
    return new StropheClient(server, page);
  }

  async events(): Promise<{ event: string; subject?: string; resumed?: boolean }[]> {
    return JSON.parse((await this.page.evaluate('JSON.stringify(seen)')) as string) as never;
  }

  async shown(title: string): Promise<number> {
    return (await this.events()).filter(({ subject }) => subject === title).length;
  }

  async end(): Promise<void> {
    await this.page.close();
    this.server.closeAllConnections();
    this.server.close();
  }
}

function output(program: string, args: string[]): string | undefined {
  try {
    return execFileSync(program, args, { stdio: ['ignore', 'pipe', 'ignore'] })
      .toString()
      .trim();
  } catch {
    return undefined;
  }
}

async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

function filesBelow(directory: string): string[] {
  if (!statSync(directory, { throwIfNoEntry: false })) return [];
  return readdirSync(directory, { recursive: true, encoding: 'utf8' }).map((name) => join(directory, name));
}
