import { ChromiumPage } from '../support/chromium.js';
import { CuttableLine } from '../support/cuttable-line.js';
import { Installation, type GatewayProcess } from '../support/gateway.js';
import { Rest } from '../support/rest.js';
import {
  type Account,
  ProfanityClient,
  SlixmppClient,
  type StockClient,
  StropheClient,
  XmppJsClient,
} from '../support/stock-clients.js';
import { until } from '../support/until.js';

/** Clients as their users get them, against an installation with its own settings: log in, take pushes, acknowledge, go on after a cut line. */
const installation = new Installation();
let gateway: GatewayProcess;
let rest: Rest;
const LIMIT_MS = 60_000;

beforeAll(async () => {
  gateway = await installation.start('all-in-one');
  rest = new Rest(gateway.url('HTTP'), installation.adminKey);
});
afterAll(() => installation.end());

interface Trial {
  readonly name: string;
  readonly version: string | undefined;
  readonly listener: 'XMPP' | 'HTTP';
  /** The proof by which it acknowledges. */
  readonly proof: RegExp;
  /** How its session outlives the cut: by a resumption, or because it is of no one connection. Either way it is the same session. */
  readonly comesBack: 'resumed' | 'unbroken';
  readonly start: (account: Account) => StockClient | Promise<StockClient>;
}

const TRIALS: readonly Trial[] = [
  {
    name: 'slixmpp',
    version: SlixmppClient.version(),
    listener: 'XMPP',
    proof: /^sm$/,
    comesBack: 'resumed',
    start: (account) => new SlixmppClient(account),
  },
  {
    name: '@xmpp/client over TCP',
    version: XmppJsClient.version(),
    listener: 'XMPP',
    proof: /^(sm|ping)$/,
    comesBack: 'resumed',
    start: (account) => XmppJsClient.start(account, 'tcp'),
  },
  {
    name: '@xmpp/client over WebSocket',
    version: XmppJsClient.version(),
    listener: 'HTTP',
    proof: /^(sm|ping)$/,
    comesBack: 'resumed',
    start: (account) => XmppJsClient.start(account, 'websocket'),
  },
  {
    name: 'profanity',
    version: ProfanityClient.version(),
    listener: 'XMPP',
    comesBack: 'resumed',
    proof: /^(receipt|sm)$/,
    start: (account) => new ProfanityClient(account),
  },
  {
    name: 'strophe.js over WebSocket in Chromium',
    version: ChromiumPage.version(),
    listener: 'HTTP',
    proof: /^sm$/,
    comesBack: 'resumed',
    start: (account) => StropheClient.start(account, 'websocket'),
  },
  {
    name: 'strophe.js over BOSH in Chromium',
    version: ChromiumPage.version(),
    listener: 'HTTP',
    proof: /^(receipt|ping)$/,
    comesBack: 'unbroken',
    start: (account) => StropheClient.start(account, 'bosh'),
  },
];

const send = (device: string, title: string) => rest.send({ audience: { device }, title });
const acknowledged = (notification: string, device: string, proof: RegExp) =>
  until(
    'the push is acknowledged',
    async () =>
      (await rest.get(`/v1/notifications/${notification}/deliveries/${device}`)).body.steps as {
        state: string;
        detail?: string;
      }[],
    (steps) => steps?.some(({ state, detail }) => state === 'acknowledged' && proof.test(detail ?? '')),
    LIMIT_MS,
  );
const online = (device: string) =>
  until(
    'the client is online',
    async () => (await rest.get(`/v1/devices/${device}/presence`)).body.connections as unknown[],
    (connections) => connections.length > 0,
    LIMIT_MS,
  );

/** Sessions of all clients together, by how they began: the trials run one after the other. */
async function sessions(): Promise<Record<string, number>> {
  const text = (await rest.get('/metrics')).body as string;
  const found = text.matchAll(/^carillon_xmpp_sessions_total\{how="(\w+)"\} (\d+)$/gm);
  return Object.fromEntries([...found].map(([, how, count]) => [how!, Number(count)]));
}

describe.each(TRIALS)('$name ($version)', ({ name, version, listener, proof, comesBack, start }) => {
  if (version === undefined) console.warn(`not tried, as it is not installed: ${name}`);
  const trial = version === undefined ? it.skip : it;

  trial(
    'logs in, takes a push, acknowledges it, and goes on after a cut line with what it missed',
    async () => {
      const id = name.toLowerCase().replaceAll(/\W+/g, '-').replace(/^-/, '');
      const line = await CuttableLine.to(gateway.url(listener));
      const client = await start({
        id,
        token: await rest.register(id),
        domain: 'localhost',
        port: line.port,
      });
      try {
        await online(id);
        await acknowledged(await send(id, 'Before the cut'), id, proof);
        const before = await sessions();
        line.cut();
        await acknowledged(await send(id, 'After the cut'), id, /./);
        const after = await sessions();
        const begun = (how: string): number => after[how]! - before[how]!;
        // oxlint-disable-next-line jest/no-standalone-expect -- it is in a test, or in one that is skipped
        expect([begun('resumed') > 0, begun('bound')]).toEqual([comesBack === 'resumed', 0]);
        for (const title of ['Before the cut', 'After the cut'])
          // oxlint-disable-next-line jest/no-standalone-expect -- it is in a test, or in one that is skipped
          expect([title, await client.shown(title)]).toEqual([title, 1]);
      } finally {
        await client.end();
        line.close();
      }
    },
    2 * LIMIT_MS,
  );
});
