import type { ArchivedMessage, ArchiveHooks } from '../hooks.js';
import { bareJid, parseJid } from '../jid/jid.js';
import type { Session } from '../session/session.js';
import { emptyForm, submittedForm, type FormValues } from '../stanza/data-form.js';
import { escapeXml } from '../stanza/escape.js';
import { pageOf, readPageRequest, resultSet, type Page } from '../stanza/result-set.js';
import { NS } from '../stream/namespaces.js';
import type { Feature, IqReply, IqRequest } from './feature.js';

/** Messages of one page at most. */
const PAGE_LIMIT = 100;

const FORM = emptyForm([
  { name: 'FORM_TYPE', type: 'hidden', value: NS.archive },
  { name: 'with', type: 'jid-single' },
  { name: 'start', type: 'text-single' },
  { name: 'end', type: 'text-single' },
  { name: 'before-id', type: 'text-single' },
  { name: 'after-id', type: 'text-single' },
  { name: 'ids', type: 'list-multi' },
]);
const FIELDS = new Set(['FORM_TYPE', 'with', 'start', 'end', 'before-id', 'after-id', 'ids']);

/** The pushes of an account, as its clients can ask for them (XEP-0313); offered where the owner keeps an archive. */
export const archive: Feature = {
  accountVars: [NS.archive, `${NS.archive}#extended`],
  offered: ({ hooks }) => hooks.archive !== undefined,
  iq: [
    { type: 'get', name: 'query', ns: NS.archive, at: ['account'], handle: withArchive(form) },
    { type: 'set', name: 'query', ns: NS.archive, at: ['account'], handle: withArchive(query) },
    { type: 'get', name: 'metadata', ns: NS.archive, at: ['account'], handle: withArchive(metadata) },
    { type: 'get', name: 'prefs', ns: NS.archive, at: ['account'], handle: withArchive(preferences) },
    { type: 'set', name: 'prefs', ns: NS.archive, at: ['account'], handle: () => ({ error: 'not-allowed' }) },
  ],
};

type ArchiveHandler = (hooks: ArchiveHooks, request: IqRequest) => Promise<IqReply> | IqReply;

function withArchive(handler: ArchiveHandler): (request: IqRequest) => Promise<IqReply> | IqReply {
  return (request) => {
    const { archive: hooks } = request.session.hooks;
    return hooks ? handler(hooks, request) : { error: 'service-unavailable' };
  };
}

function form(): IqReply {
  return `<query xmlns='${NS.archive}'>${FORM}</query>`;
}

/** Everything is kept, and clients have no say in it. */
function preferences(): IqReply {
  return `<prefs xmlns='${NS.archive}' default='always'><always/><never/></prefs>`;
}

async function metadata(hooks: ArchiveHooks, { session }: IqRequest): Promise<IqReply> {
  const all = await hooks.list(session);
  const end = (name: string, message: ArchivedMessage | undefined): string =>
    message ? `<${name} id='${escapeXml(message.id)}' timestamp='${stamp(message)}'/>` : '';
  return `<metadata xmlns='${NS.archive}'>${end('start', all[0])}${end('end', all.at(-1))}</metadata>`;
}

/** The messages of the page go first, the answer ends them (XEP-0313 §4.2). */
async function query(hooks: ArchiveHooks, { session, payload }: IqRequest): Promise<IqReply> {
  const wanted = readPageRequest(payload, PAGE_LIMIT);
  const values = submittedForm(payload) ?? new Map<string, string[]>();
  const filter = readFilter(values, session.contactJid);
  if (!wanted || filter === 'bad-request') return { error: 'bad-request' };
  if (filter === 'unknown-field') return { error: 'feature-not-implemented' };
  const all = await hooks.list(session);
  const matching = filter(all);
  const page = matching && pageOf(matching, wanted);
  if (!page) return { error: 'item-not-found' };
  const flipped = payload.child('flip-page', NS.archive) !== undefined;
  await sendPage(hooks, session, { page, flipped, queryId: payload.attrs['queryid'] });
  return `<fin xmlns='${NS.archive}'${page.complete ? " complete='true'" : ''}>${resultSet(page)}</fin>`;
}

/** undefined when a message that is named is not there (XEP-0313 §4.1.2.1). */
type Filter = (all: readonly ArchivedMessage[]) => readonly ArchivedMessage[] | undefined;

function readFilter(values: FormValues, contact: string): Filter | 'bad-request' | 'unknown-field' {
  if ([...values.keys()].some((name) => !FIELDS.has(name))) return 'unknown-field';
  const one = (name: string): string | undefined => values.get(name)?.[0];
  const [start, end] = [readTime(one('start'), -Infinity), readTime(one('end'), Infinity)];
  const withWhom = one('with');
  const jid = withWhom === undefined ? undefined : parseJid(withWhom);
  if (Number.isNaN(start) || Number.isNaN(end) || (withWhom !== undefined && !jid)) return 'bad-request';
  if (jid && bareJid(jid) !== contact) return () => [];
  return (all) => {
    const between = behind(before(all, one('before-id')), one('after-id'));
    const dated = between?.filter(({ at }) => at >= start && at <= end);
    return dated && named(dated, values.get('ids'));
  };
}

function readTime(text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/.test(text) ? Date.parse(text) : NaN;
}

function before(
  all: readonly ArchivedMessage[],
  id: string | undefined,
): readonly ArchivedMessage[] | undefined {
  if (id === undefined) return all;
  const place = all.findIndex((message) => message.id === id);
  return place < 0 ? undefined : all.slice(0, place);
}

function behind(
  all: readonly ArchivedMessage[] | undefined,
  id: string | undefined,
): readonly ArchivedMessage[] | undefined {
  if (id === undefined || !all) return all;
  const place = all.findIndex((message) => message.id === id);
  return place < 0 ? undefined : all.slice(place + 1);
}

/** All of them, or none: a message that is not there any more is an error. */
function named(
  all: readonly ArchivedMessage[],
  ids: readonly string[] | undefined,
): readonly ArchivedMessage[] | undefined {
  if (ids === undefined) return all;
  const found = all.filter(({ id }) => ids.includes(id));
  return found.length === new Set(ids).size ? found : undefined;
}

interface PageToSend {
  page: Page<ArchivedMessage>;
  /** Newest first within the page. */
  flipped: boolean;
  queryId: string | undefined;
}

/** What is no longer kept by the time it is loaded is left out. */
async function sendPage(
  hooks: ArchiveHooks,
  session: Session,
  { page, flipped, queryId }: PageToSend,
): Promise<void> {
  const messages = flipped ? page.items.toReversed() : page.items;
  const stanzas = messages.length === 0 ? [] : await hooks.load(session, messages);
  for (const [i, message] of messages.entries()) {
    const stanza = stanzas[i];
    if (stanza !== undefined) session.sendStanza(result(session, message, stanza, queryId));
  }
}

function result(
  session: Session,
  message: ArchivedMessage,
  stanza: string,
  queryId: string | undefined,
): string {
  const query = queryId === undefined ? '' : ` queryid='${escapeXml(queryId)}'`;
  const forwarded =
    `<forwarded xmlns='${NS.forward}'><delay xmlns='${NS.delay}' stamp='${stamp(message)}'/>` +
    `${stanza.replace('<message', `<message xmlns='${NS.client}'`)}</forwarded>`;
  return (
    `<message from='${escapeXml(session.bare)}' to='${escapeXml(session.full)}'>` +
    `<result xmlns='${NS.archive}'${query} id='${escapeXml(message.id)}'>${forwarded}</result></message>`
  );
}

function stamp({ at }: ArchivedMessage): string {
  return new Date(at).toISOString();
}
