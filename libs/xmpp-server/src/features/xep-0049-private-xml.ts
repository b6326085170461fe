import { NS } from '../stream/namespaces.js';
import type { Feature, IqReply, IqRequest } from './feature.js';

/** Nothing is stored: what is asked for comes back empty, as never set (XEP-0049 §2.2), and storing is refused. */
export const privateXml: Feature = {
  iq: [
    { type: 'get', name: 'query', ns: NS.privateXml, at: ['account'], handle: getEmpty },
    {
      type: 'set',
      name: 'query',
      ns: NS.privateXml,
      at: ['account'],
      handle: () => ({ error: 'not-allowed' }),
    },
  ],
};

function getEmpty({ payload }: IqRequest): IqReply {
  const [wanted] = payload.elements;
  if (!wanted) return { error: 'bad-request' };
  wanted.children.length = 0;
  return `<query xmlns='${NS.privateXml}'>${wanted.toString(NS.privateXml)}</query>`;
}
