import assert from 'node:assert/strict';
import type { Duplex } from 'node:stream';
import { StanzaParser } from '../stanza/stanza-parser.js';
import type { Element } from '../stanza/element.js';
import type { PeerInfo } from '../hooks.js';
import type { XmppServer } from '../server.js';
import { BoundarySplitter, type Piece } from '../stream/boundary-splitter.js';
import { NS } from '../stream/namespaces.js';
import { duplexPair } from './duplex-pair.js';

export const DOMAIN = 'example.org';
export const SECURE: PeerInfo = { address: '192.0.2.1', secure: true, transport: 'tls' };
export const CLEAR: PeerInfo = { address: '192.0.2.1', secure: false, transport: 'tcp' };
export const HEADER = `<stream:stream to='${DOMAIN}' version='1.0' xmlns='${NS.client}' xmlns:stream='${NS.streams}'>`;

const WAIT_MS = 3000;
const parser = new StanzaParser({ '': NS.client, stream: NS.streams }, 1000);

/** A client over an in-memory pair that says and expects literal XML, so that a spec reads like a script. */
export class ScriptedClient {
  private readonly splitter = new BoundarySplitter({ bytes: 10_000_000, depth: 100 });
  private readonly pieces: Piece[] = [];
  /** The server's header of the stream that was opened last. */
  lastHeader = '';
  private wake: (() => void) | undefined;
  private ended = false;

  constructor(readonly stream: Duplex) {
    stream.on('data', (bytes: Buffer) => this.onData(bytes));
    stream.on('end', () => this.onEnd());
    stream.on('close', () => this.onEnd());
    stream.on('error', () => this.onEnd());
  }

  static attachedTo(server: XmppServer, peer: PeerInfo = SECURE): ScriptedClient {
    const [near, far] = duplexPair();
    server.attach(far, peer);
    return new ScriptedClient(near);
  }

  send(xml: string | Buffer): void {
    this.stream.write(xml);
  }

  /** The next top-level piece from the server, headers and footers included. */
  async next(): Promise<string> {
    const piece = await this.nextPiece();
    if (!piece) throw new Error('the stream ended');
    return piece.text;
  }

  async nextElement(): Promise<Element> {
    return parser.parse(await this.next());
  }

  async expect(expected: string | RegExp): Promise<void> {
    const text = await this.next();
    if (typeof expected === 'string') assert.equal(text, expected);
    else assert.match(text, expected);
  }

  /** Opens a stream and returns its features. */
  async open(header: string = HEADER): Promise<string> {
    this.send(header);
    await this.expect("<?xml version='1.0'?>");
    this.lastHeader = await this.next();
    assert.match(this.lastHeader, /^<stream:stream from='example\.org'/);
    return this.next();
  }

  async authenticate(username: string, password: string): Promise<void> {
    await this.open();
    const plain = Buffer.from(`\0${username}\0${password}`).toString('base64');
    this.send(`<auth xmlns='${NS.sasl}' mechanism='PLAIN'>${plain}</auth>`);
    await this.expect(`<success xmlns='${NS.sasl}'/>`);
    await this.open();
  }

  async bind(resource: string): Promise<void> {
    this.send(
      `<iq type='set' id='bind'><bind xmlns='${NS.bind}'><resource>${resource}</resource></bind></iq>`,
    );
    await this.expect(/^<iq type='result' id='bind'><bind /);
  }

  /** Logs in up to initial presence, and swallows what answers that. */
  async logIn(username: string, resource: string, password = `${username}'s token`): Promise<this> {
    await this.authenticate(username, password);
    await this.bind(resource);
    return this;
  }

  async comeOnline(): Promise<this> {
    this.send('<presence/>');
    await this.expect(/^<presence from='[^']*' to='[^']*'\/>$/);
    await this.expect(/^<presence from='app@/);
    return this;
  }

  /** Nothing has come, nor does in the next turns of the event loop. */
  async expectSilence(): Promise<void> {
    for (let turn = 0; turn < 6; turn++) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(
      this.pieces.map((piece) => piece.text),
      [],
    );
  }

  /** The stream ends with that error, and the connection after it. */
  async expectStreamError(condition: string): Promise<void> {
    await this.expect(new RegExp(`^<stream:error><${condition} xmlns='${NS.streamErrors}'/>`));
    await this.expect('</stream:stream>');
    await this.expectEnd();
  }

  async expectEnd(): Promise<void> {
    assert.equal(await this.nextPiece(), undefined);
  }

  /** The line is cut, without a word. */
  cut(): void {
    this.stream.destroy();
  }

  private async nextPiece(): Promise<Piece | undefined> {
    if (this.pieces.length === 0 && !this.ended) await this.arrival();
    return this.pieces.shift();
  }

  private arrival(): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('the server keeps silent')), WAIT_MS);
      this.wake = () => {
        clearTimeout(timer);
        this.wake = undefined;
        resolve();
      };
    });
  }

  private onData(bytes: Buffer): void {
    this.splitter.push(bytes);
    for (let piece = this.splitter.next(); piece; piece = this.splitter.next()) {
      this.pieces.push(piece);
      if (piece.text.startsWith(`<success xmlns='${NS.sasl}'`)) this.splitter.restart();
    }
    if (this.pieces.length > 0) this.wake?.();
  }

  private onEnd(): void {
    this.ended = true;
    this.wake?.();
  }
}
