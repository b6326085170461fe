import { randomUUID } from 'node:crypto';
import { until } from './until.js';
import { descendant, type Received, XmppWire } from './xmpp-wire.js';

export interface Notified {
  /** Of the IQ. */
  readonly packetId: string;
  readonly fields: Readonly<Record<string, string>>;
}

/**
 * - `none`: the original, which never answers a notification.
 * - `deliverconfirm`, `receipt`: forks that confirm the notification's uuid by an IQ of their own.
 * - `result`: the fork that answers by an empty result, and by a second one when the person reads it.
 */
export type ReceiptForm = 'none' | 'deliverconfirm' | 'receipt' | 'result';

export interface AndroidpnOptions {
  /** `xmpp://host:port` */
  readonly url: string;
  /** `xmppHost` of its properties: what it calls the server. */
  readonly host: string;
  readonly receipts?: ReceiptForm;
}

const RESOURCE = 'AndroidpnClient';
const NOTIFICATION = 'androidpn:iq:notification';

/** The classic androidpn client (Smack 3.1) as it behaves on the wire: no SASL, no bind, and patience of 5 s for each answer. */
export class AndroidpnClient {
  identity: { username: string; password: string } | undefined;
  /** A refused registration: it does nothing more until it is restarted. */
  stuck = false;
  readonly notified: Notified[] = [];
  /** How often it has registered. */
  registrations = 0;
  serviceName = '';
  wire!: XmppWire;
  private packets = 0;
  private keepAlive: NodeJS.Timeout | undefined;

  constructor(private readonly options: AndroidpnOptions) {}

  get username(): string {
    return this.identity!.username;
  }

  /** Connects, registers when it has no identity yet, and logs in. */
  async connect(): Promise<void> {
    const { url, host } = this.options;
    this.wire = await XmppWire.connect(url);
    const plain = await this.wire.open(host);
    // SecurityMode.required
    if (!descendant(plain, 'starttls')) throw new Error('the server offers no STARTTLS');
    await this.wire.startTls();
    const features = await this.wire.open(host);
    if (descendant(features, 'starttls')) throw new Error('STARTTLS is offered a second time');
    for (const name of ['auth', 'register'])
      if (!descendant(features, name)) throw new Error(`the server does not offer ${name}`);
    this.serviceName = this.wire.header.from!;
    this.wire.onElement = (element) => this.onElement(element);
    if (!this.identity) await this.register();
    await this.logIn();
    this.keepAlive = setInterval(() => this.wire.send(' '), 30_000);
  }

  disconnect(): Promise<void> {
    clearInterval(this.keepAlive);
    return this.wire.close();
  }

  /** The line is cut, without a word. */
  cut(): void {
    clearInterval(this.keepAlive);
    this.wire.cut();
  }

  expect(count: number): Promise<string[]> {
    return until(
      `androidpn is notified ${count} times`,
      () => this.notified.map(({ fields }) => fields.id!),
      (ids) => ids.length >= count,
    );
  }

  /** The person looks at it: only one fork tells. */
  read({ packetId }: Notified): void {
    if (this.options.receipts === 'result') this.wire.send(this.result(packetId));
  }

  setAlias(alias: string): Promise<Received> {
    return this.wire.ask(
      'set',
      this.nextId(),
      `<setalias xmlns='androidpn:iq:setalias'><username>${this.username}</username><alias>${alias}</alias></setalias>`,
    );
  }

  setTags(tags: string): Promise<Received> {
    return this.wire.ask(
      'set',
      this.nextId(),
      `<settags xmlns='androidpn:iq:settags'><tags>${tags}</tags></settags>`,
    );
  }

  private async register(): Promise<void> {
    const [username, password] = [randomId(), randomId()];
    const answer = await this.wire.ask(
      'set',
      this.nextId(),
      `<query xmlns='jabber:iq:register'><username>${username}</username><password>${password}</password></query>`,
    );
    if (answer.attrs.type !== 'result') {
      this.stuck = true;
      throw new Error(`the registration was refused: ${descendant(answer, 'error')?.attrs.code}`);
    }
    this.registrations++;
    this.identity = { username, password };
  }

  private async logIn(): Promise<void> {
    const { username, password } = this.identity!;
    const offered = await this.wire.ask(
      'get',
      this.nextId(),
      `<query xmlns='jabber:iq:auth'><username>${username}</username></query>`,
    );
    if (descendant(offered, 'digest')) throw new Error('a digest would need the clear password');
    const answer = await this.wire.ask(
      'set',
      this.nextId(),
      `<query xmlns='jabber:iq:auth'><username>${username}</username><password>${password}</password><resource>${RESOURCE}</resource></query>`,
    );
    const code = descendant(answer, 'error')?.attrs.code;
    if (code === '401') {
      // It takes its identity for lost, and makes a new one.
      this.identity = undefined;
      await this.register();
      return this.logIn();
    }
    if (code !== undefined) throw new Error(`the login failed: ${code}`);
    const { to } = answer.attrs;
    if (to !== undefined && to !== `${username}@${this.serviceName}/${RESOURCE}`)
      throw new Error(`the login answers ${to}`);
    const roster = await this.wire.ask('get', this.nextId(), "<query xmlns='jabber:iq:roster'/>");
    if (roster.attrs.type !== 'result') throw new Error('there is no roster');
    this.wire.send(`<presence id='${this.nextId()}'></presence>`);
  }

  private onElement(element: Received): void {
    if (element.name !== 'iq') return;
    const { type, id = '' } = element.attrs;
    if (type === 'set' && element.children[0]?.ns === NOTIFICATION) this.onNotification(id, element);
    else if (type === 'get') this.refuseUnknown(id, element.attrs.from);
  }

  /** Names count at any depth, the last one wins. */
  private onNotification(packetId: string, element: Received): void {
    const fields: Record<string, string> = {};
    const read = (parent: Received): void => {
      for (const child of parent.children) {
        fields[child.name] = child.text;
        read(child);
      }
    };
    read(element.children[0]!);
    this.notified.push({ packetId, fields });
    this.confirm(packetId, fields.uuid ?? '');
  }

  private confirm(packetId: string, uuid: string): void {
    const { receipts = 'none' } = this.options;
    if (receipts === 'none') return;
    if (receipts === 'result') return this.wire.send(this.result(packetId));
    const iq = `<${receipts} xmlns='androidpn:iq:${receipts}'><uuid>${uuid}</uuid></${receipts}>`;
    this.wire.send(`<iq type='set' id='${this.nextId()}'>${iq}</iq>`);
  }

  private readonly result = (packetId: string): string => `<iq id='${packetId}' type='result'></iq>`;

  /** Smack answers what it does not know from its reader thread. */
  private refuseUnknown(id: string, from: string | undefined): void {
    const to = from === undefined ? '' : ` to='${from}'`;
    const error =
      "<error code='501' type='CANCEL'><feature-not-implemented xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>";
    this.wire.send(`<iq id='${id}'${to} type='error'>${error}</iq>`);
  }

  private nextId(): string {
    return `Hx4Q7-${this.packets++}`;
  }
}

const randomId = (): string => randomUUID().replaceAll('-', '');
