import { createHash } from 'node:crypto';
import type { AccountStore } from '../account/account-store.js';
import type { ResolvedOptions } from '../options.js';
import { escapeXml } from '../stanza/escape.js';
import { NS } from '../stream/namespaces.js';
import { withStore } from './account-records.js';
import { PepNodes } from './pep-nodes.js';
import type { Feature, IqHandler, IqReply, IqRequest, IqTarget } from './feature.js';

const CAPS_NODE = 'urn:carillon:xmpp-server';

interface Identity {
  category: string;
  type: string;
}

const BASE_VARS = [NS.discoInfo, NS.discoItems];

/** What the server is and speaks (XEP-0030 §3). */
export function serverDisco(varsOf: (options: ResolvedOptions) => readonly string[]): Feature {
  const identity = { category: 'server', type: 'im' };
  return {
    iq: [
      info('server', (node, { session }) => {
        const { options } = session.context;
        const vars = sorted([...BASE_VARS, ...varsOf(options)]);
        return discoInfo(node, [identity], vars, options.software.name);
      }),
      {
        type: 'get',
        name: 'query',
        ns: NS.discoItems,
        at: ['server', 'contact'],
        handle: ({ payload }) => discoItems(payload.attrs['node'], ''),
      },
    ],
  };
}

export function discoItems(node: string | undefined, items: string): string {
  return `<query xmlns='${NS.discoItems}'${nodeOf(node)}${items === '' ? '/>' : `>${items}</query>`}`;
}

export function accountDisco(varsOf: (options: ResolvedOptions) => readonly string[]): Feature {
  const identities = [
    { category: 'account', type: 'registered' },
    { category: 'pubsub', type: 'pep' },
  ];
  const answer = (node: string, { session }: IqRequest): string =>
    discoInfo(node, identities, sorted([...BASE_VARS, ...varsOf(session.context.options)]));
  const items = withStore(pepNodes, ({ payload }) => discoItems(payload.attrs['node'], ''));
  return {
    iq: [
      info('account', answer),
      { type: 'get', name: 'query', ns: NS.discoItems, at: ['account'], handle: items },
    ],
  };
}

/** The nodes of an account; none has items that disco tells (XEP-0060 §5.2). */
async function pepNodes(store: AccountStore, { session, payload }: IqRequest): Promise<IqReply> {
  const { node: asked } = payload.attrs;
  const names = asked === undefined ? await new PepNodes(store, session.jid.local).names() : [];
  const jid = escapeXml(session.bare);
  return discoItems(asked, names.map((name) => `<item jid='${jid}' node='${escapeXml(name)}'/>`).join(''));
}

export function contactDisco(): Feature {
  const identity = { category: 'client', type: 'bot' };
  const vars = sorted([...BASE_VARS, NS.ping, NS.receipts, NS.json]);
  return {
    iq: [info('contact', (node, { session }) => discoInfo(node, [identity], vars, session.contact.name))],
  };
}

/** Entity capabilities of the server, for its stream features (XEP-0115 §6.3). */
export function serverCaps(vars: readonly string[], software: string): string {
  const ver = verificationString('server', 'im', software, [...BASE_VARS, ...vars]);
  return `<c xmlns='${NS.caps}' hash='sha-1' node='${CAPS_NODE}' ver='${ver}'/>`;
}

/** XEP-0115 §5.1, for one identity and no forms. */
export function verificationString(
  category: string,
  type: string,
  name: string,
  vars: readonly string[],
): string {
  const features = sorted(vars).map((each) => `${each}<`);
  return createHash('sha1')
    .update(`${category}/${type}//${name}<${features.join('')}`)
    .digest('base64');
}

function info(target: IqTarget, answer: (node: string, request: IqRequest) => string): IqHandler {
  const handle = (request: IqRequest): IqReply => {
    const { node } = request.payload.attrs;
    const known = node === undefined || (target === 'server' && node.startsWith(`${CAPS_NODE}#`));
    return known ? answer(nodeOf(node), request) : { error: 'item-not-found' };
  };
  return { type: 'get', name: 'query', ns: NS.discoInfo, at: [target], handle };
}

function discoInfo(
  node: string,
  identities: readonly Identity[],
  vars: readonly string[],
  name?: string,
): string {
  const label = name === undefined ? '' : ` name='${escapeXml(name)}'`;
  const heads = identities.map(
    ({ category, type }) => `<identity category='${category}' type='${type}'${label}/>`,
  );
  const features = vars.map((v) => `<feature var='${v}'/>`);
  return `<query xmlns='${NS.discoInfo}'${node}>${heads.join('')}${features.join('')}</query>`;
}

function nodeOf(node: string | undefined): string {
  return node === undefined ? '' : ` node='${escapeXml(node)}'`;
}

function sorted(vars: readonly string[]): string[] {
  return [...new Set(vars)].sort();
}
