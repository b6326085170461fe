import { CarillonError } from '../errors/carillon-error.js';
import { FaultList, isPlainObject } from '../faults.js';
import { isUri, URI_RULE } from './check-content.js';
import { isTemplateId, type MessageFields } from './message.js';

const NAMES = ['kind', 'title', 'body', 'uri', 'data', 'template', 'variables'];

/**
 * What is said, as a member of a larger JSON document.
 * @throws CarillonError `invalid-request`
 */
export function messageFields(json: unknown, pointer: string): MessageFields {
  const list = new FaultList();
  const members = list.object(json, pointer, NAMES) ?? {};
  const check = (name: string, fits: (value: unknown) => boolean, rule: string): void => {
    const value = members[name];
    if (value !== undefined && value !== null && !fits(value)) list.add(`${pointer}/${name}`, rule);
  };
  const isText = (value: unknown): boolean => typeof value === 'string';
  check(
    'kind',
    (value) => value === 'notification' || value === 'message',
    'must be "notification" or "message"',
  );
  check('title', isText, 'must be a string');
  check('body', isText, 'must be a string');
  check('uri', isUri, URI_RULE);
  check('data', isPlainObject, 'must be a JSON object');
  check(
    'template',
    (value) => isTemplateId(value) || isPlainObject(value),
    'must be the id of a template, or a template',
  );
  const [first] = list.faults;
  if (first)
    throw new CarillonError('invalid-request', `${first.pointer} ${first.detail}`, { faults: list.faults });
  return members as MessageFields;
}
