import { escapeXml } from '../stanza/escape.js';
import { NS } from '../stream/namespaces.js';
import type { Feature, IqReply, IqRequest } from './feature.js';

export const version: Feature = {
  vars: [NS.version],
  iq: [{ type: 'get', name: 'query', ns: NS.version, at: ['server', 'contact'], handle: getVersion }],
};

function getVersion({ session }: IqRequest): IqReply {
  const { name, version: number } = session.context.options.software;
  return `<query xmlns='${NS.version}'><name>${escapeXml(name)}</name><version>${escapeXml(number)}</version></query>`;
}
