import { createHash } from 'node:crypto';
import { escapeXml } from '../stanza/escape.js';
import { NS } from '../stream/namespaces.js';
import type { Feature, IqHandler, IqReply, IqRequest, IqTarget } from './feature.js';

interface Identity {
  category: string;
  type: string;
}

const BASE_VARS = [NS.discoInfo, NS.discoItems];

/** What the server is and speaks (XEP-0030 §3). */
export function serverDisco(vars: readonly string[]): Feature {
  const identity = { category: 'server', type: 'im' };
  const all = sorted([...BASE_VARS, ...vars]);
  return {
    iq: [
      info('server', ({ session }) => discoInfo([identity], all, session.context.options.software.name)),
      {
        type: 'get',
        name: 'query',
        ns: NS.discoItems,
        at: ['server', 'account', 'contact'],
        handle: ({ payload }) => `<query xmlns='${NS.discoItems}'${nodeOf(payload.attrs['node'])}/>`,
      },
    ],
  };
}

export function accountDisco(vars: readonly string[]): Feature {
  const identities = [
    { category: 'account', type: 'registered' },
    { category: 'pubsub', type: 'pep' },
  ];
  const all = sorted([...BASE_VARS, ...vars]);
  return { iq: [info('account', () => discoInfo(identities, all))] };
}

export function contactDisco(): Feature {
  const identity = { category: 'client', type: 'bot' };
  const vars = sorted([...BASE_VARS, NS.ping, NS.receipts, NS.json]);
  return { iq: [info('contact', ({ session }) => discoInfo([identity], vars, session.contact.name))] };
}

/** The verification string of XEP-0115 §5.1 for one identity without a form. */
export function verificationString(
  category: string,
  type: string,
  name: string,
  vars: readonly string[],
): string {
  const text = `${category}/${type}//${name}<${sorted(vars)
    .map((v) => `${v}<`)
    .join('')}`;
  return createHash('sha1').update(text).digest('base64');
}

function info(target: IqTarget, answer: (request: IqRequest) => string): IqHandler {
  const handle = (request: IqRequest): IqReply =>
    request.payload.attrs['node'] === undefined ? answer(request) : { error: 'item-not-found' };
  return { type: 'get', name: 'query', ns: NS.discoInfo, at: [target], handle };
}

function discoInfo(identities: readonly Identity[], vars: readonly string[], name?: string): string {
  const label = name === undefined ? '' : ` name='${escapeXml(name)}'`;
  const heads = identities.map(
    ({ category, type }) => `<identity category='${category}' type='${type}'${label}/>`,
  );
  const features = vars.map((v) => `<feature var='${v}'/>`);
  return `<query xmlns='${NS.discoInfo}'>${heads.join('')}${features.join('')}</query>`;
}

function nodeOf(node: string | undefined): string {
  return node === undefined ? '' : ` node='${escapeXml(node)}'`;
}

function sorted(vars: readonly string[]): string[] {
  return [...new Set(vars)].sort();
}
