import type { Dispatch, DispatchTarget, EdgeNotice, StoredContent, TransportKind } from '@carillon/domain';

/** What an edge's stream carries: hints of new inbox entries, and notices about connections. */
export interface EdgeMessages {
  readonly dispatches: Dispatch[];
  readonly notices: EdgeNotice[];
}

const OPTIONS = ['priority', 'requireAck', 'fallbackAfter', 'overrides', 'variant'] as const;

type Meta = [
  id: string,
  app: string,
  expiresAt: number,
  transports: string,
  targets: [deviceId: string, transport: string, epoch: number, seq: number, previousSeq: number][],
  options?: Pick<StoredContent, (typeof OPTIONS)[number]>,
];

/** Fields of a stream entry: "m" says whom, the "c" behind it is the envelope's JSON as it is; "n" is a notice. */
export function encodeDispatch({ content, targets }: Dispatch): string[] {
  const meta: Meta = [
    content.id,
    content.app,
    content.expiresAt,
    content.transports?.join(',') ?? '',
    targets.map(({ deviceId, transport, epoch, seq, previousSeq }) => [
      deviceId,
      transport,
      epoch,
      seq,
      previousSeq,
    ]),
    ...optionsOf(content),
  ];
  return ['m', JSON.stringify(meta), 'c', content.contentJson];
}

export const encodeNotice = (notice: EdgeNotice): string[] => ['n', JSON.stringify(notice)];

export function decodeFields(fields: readonly string[], into: EdgeMessages): void {
  for (let i = 0; i < fields.length; i += 2) {
    const value = fields[i + 1]!;
    if (fields[i] === 'm') into.dispatches.push(decodeDispatch(JSON.parse(value) as Meta, fields[i + 3]!));
    else if (fields[i] === 'n') into.notices.push(JSON.parse(value) as EdgeNotice);
  }
}

/** Nothing where all is at its default. */
function optionsOf(content: StoredContent): [Meta[5]?] {
  const given = OPTIONS.filter((name) => content[name] !== undefined);
  return given.length === 0 ? [] : [Object.fromEntries(given.map((name) => [name, content[name]]))];
}

function decodeDispatch(
  [id, app, expiresAt, transports, rows, options]: Meta,
  contentJson: string,
): Dispatch {
  const content: StoredContent = {
    id,
    app,
    expiresAt,
    contentJson,
    ...(transports !== '' && { transports: transports.split(',') as TransportKind[] }),
    ...options,
  };
  const targets = rows.map(([deviceId, transport, epoch, seq, previousSeq]): DispatchTarget => ({
    deviceId,
    transport,
    epoch,
    seq,
    previousSeq,
  }));
  return { content, targets };
}
