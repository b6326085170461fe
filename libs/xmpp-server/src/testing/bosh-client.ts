import type { PeerInfo } from '../hooks.js';
import { StanzaParser } from '../stanza/stanza-parser.js';
import type { Element } from '../stanza/element.js';
import type { XmppServer } from '../server.js';
import type { BoshResponse } from '../bosh/response.js';
import { NS } from '../stream/namespaces.js';
import { DOMAIN } from './scripted-client.js';

export const WEB: PeerInfo = { address: '192.0.2.1', secure: true, transport: 'bosh' };

const parser = new StanzaParser({}, 1000);

/** What came of one request. */
export interface Exchange {
  readonly rid: number;
  /** The answer as it came. */
  readonly response: Promise<BoshResponse | undefined>;
  /** The answer's `<body/>`. */
  readonly body: Promise<Element>;
  /** So far. */
  answered: boolean;
  /** The HTTP connection under it breaks. */
  break(): void;
}

/** A client that counts its requests, and says the rest literally. */
export class BoshClient {
  rid = 1_573_741_820;
  sid: string | undefined;

  constructor(
    private readonly server: XmppServer,
    private readonly peer: PeerInfo = WEB,
    private readonly admit?: () => (() => void) | undefined,
  ) {}

  /** Sends with the next request id. */
  send(payload = '', attributes = ''): Exchange {
    const rid = this.rid++;
    return this.request(rid, payload, attributes);
  }

  request(rid: number, payload = '', attributes = ''): Exchange {
    const sid = this.sid === undefined ? '' : ` sid='${this.sid}'`;
    return this.raw(`<body rid='${rid}'${sid} ${attributes} xmlns='${NS.httpBind}'>${payload}</body>`, rid);
  }

  raw(text: string | Buffer, rid = 0): Exchange {
    const controller = new AbortController();
    const response = this.server.onBoshRequest(Buffer.from(text), this.peer, {
      gone: controller.signal,
      ...(this.admit && { admit: this.admit }),
    });
    const body = response.then((answer) => {
      exchange.answered = true;
      if (!answer) throw new Error('nobody was left to answer');
      return parser.parse(answer.body);
    });
    body.catch(() => {});
    const exchange = { rid, response, body, answered: false, break: () => controller.abort() };
    return exchange;
  }

  async begin(attributes = "wait='60' hold='1' ver='1.6'"): Promise<Element> {
    const exchange = this.send(
      '',
      `to='${DOMAIN}' xmpp:version='1.0' xmlns:xmpp='${NS.xbosh}' ${attributes}`,
    );
    const body = await exchange.body;
    this.sid = body.attrs['sid'];
    return body;
  }

  async logIn(username = 'dev1', resource = 'web', attributes?: string): Promise<this> {
    await this.begin(attributes);
    const plain = Buffer.from(`\0${username}\0${username}'s token`).toString('base64');
    await this.send(`<auth xmlns='${NS.sasl}' mechanism='PLAIN'>${plain}</auth>`).body;
    await this.send('', `to='${DOMAIN}' xmpp:restart='true' xmlns:xmpp='${NS.xbosh}'`).body;
    const bind = `<bind xmlns='${NS.bind}'><resource>${resource}</resource></bind>`;
    await this.send(`<iq xmlns='${NS.client}' type='set' id='bind'>${bind}</iq>`).body;
    return this;
  }
}
