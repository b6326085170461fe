import { Agent as HttpAgent, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { text } from 'node:stream/consumers';
import { SaxesParser } from 'saxes';
import type { Received } from './xmpp-wire.js';

const HTTP_BIND = "xmlns='http://jabber.org/protocol/httpbind'";
const XBOSH = "xmlns:xmpp='urn:xmpp:xbosh'";

export interface BoshAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** As it came. */
  readonly text: string;
  /** The `<body/>`. */
  readonly body: Received;
}

/** A BOSH client that says what it is told, over HTTP connections of its own. */
export class BoshClient {
  rid = Math.floor(Math.random() * 2 ** 40);
  sid: string | undefined;
  private readonly agent;
  private readonly endpoint: URL;

  /** @param url of the HTTP port */
  constructor(
    url: string,
    readonly headers: Record<string, string> = {},
  ) {
    this.endpoint = new URL('/http-bind', url);
    const options = { keepAlive: true, rejectUnauthorized: false };
    this.agent = this.endpoint.protocol === 'https:' ? new HttpsAgent(options) : new HttpAgent(options);
  }

  /** With the next request id. @param signal breaks the HTTP connection */
  send(payload = '', attributes = '', signal?: AbortSignal): Promise<BoshAnswer> {
    return this.sendAs(this.rid++, payload, attributes, signal);
  }

  sendAs(rid: number, payload = '', attributes = '', signal?: AbortSignal): Promise<BoshAnswer> {
    const sid = this.sid === undefined ? '' : ` sid='${this.sid}'`;
    return this.post(`<body rid='${rid}'${sid} ${attributes} ${HTTP_BIND}>${payload}</body>`, signal);
  }

  post(body: string | Buffer, signal?: AbortSignal): Promise<BoshAnswer> {
    const request = this.endpoint.protocol === 'https:' ? requestHttps : requestHttp;
    const headers = { 'content-type': 'text/xml; charset=utf-8', ...this.headers };
    return new Promise((resolve, reject) => {
      const options = { method: 'POST', agent: this.agent, headers, ...(signal && { signal }) };
      const outgoing = request(this.endpoint, options, (response) => {
        text(response).then(
          (answer) =>
            resolve({
              status: response.statusCode!,
              headers: response.headers,
              text: answer,
              body: parse(answer),
            }),
          reject,
        );
      });
      outgoing.on('error', reject).end(body);
    });
  }

  async begin(to: string, attributes = "wait='20' hold='1' ver='1.6'"): Promise<Received> {
    const { body } = await this.send('', `to='${to}' xmpp:version='1.0' ${XBOSH} ${attributes}`);
    this.sid = body.attrs.sid;
    return body;
  }

  restart(to: string): Promise<BoshAnswer> {
    return this.send('', `to='${to}' xmpp:restart='true' ${XBOSH}`);
  }

  /** Logs in by PLAIN, binds and comes online. */
  async logIn(to: string, id: string, token: string): Promise<void> {
    await this.begin(to);
    const plain = Buffer.from(`\0${id}\0${token}`).toString('base64');
    const sasl = 'urn:ietf:params:xml:ns:xmpp-sasl';
    const { text: answer } = await this.send(`<auth xmlns='${sasl}' mechanism='PLAIN'>${plain}</auth>`);
    if (!answer.includes('<success')) throw new Error(`the log-in failed: ${answer}`);
    await this.restart(to);
    const bind = "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>web</resource></bind>";
    await this.send(`<iq xmlns='jabber:client' type='set' id='bind'>${bind}</iq>`);
    await this.send("<presence xmlns='jabber:client'/>");
  }

  close(): void {
    this.agent.destroy();
  }
}

function parse(document: string): Received {
  const path: Received[] = [];
  let root: Received | undefined;
  const parser = new SaxesParser({ xmlns: true });
  parser.on('opentag', ({ local, uri, attributes }) => {
    const attrs = Object.fromEntries(Object.values(attributes).map(({ name, value }) => [name, value]));
    const element = { name: local, ns: uri, attrs, children: [], text: '' };
    path.at(-1)?.children.push(element);
    path.push(element);
    root ??= element;
  });
  parser.on('text', (characters) => {
    const current = path.at(-1);
    if (current) current.text += characters;
  });
  parser.on('closetag', () => void path.pop());
  if (document.startsWith('<')) parser.write(document).close();
  return root ?? { name: '', ns: '', attrs: {}, children: [], text: document };
}
