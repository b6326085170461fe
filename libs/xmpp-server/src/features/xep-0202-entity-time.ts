import { NS } from '../stream/namespaces.js';
import type { Feature, IqReply } from './feature.js';

export const time: Feature = {
  vars: [NS.time],
  iq: [{ type: 'get', name: 'time', ns: NS.time, at: ['server', 'contact'], handle: getTime }],
};

function getTime(): IqReply {
  const utc = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
  return `<time xmlns='${NS.time}'><tzo>+00:00</tzo><utc>${utc}</utc></time>`;
}
