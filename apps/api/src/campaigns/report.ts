import { DELIVERY_STATES, type DeliveryCounts } from '@carillon/domain';
import type { FieldsOf } from './campaign.view.js';
import type { CampaignReport, RatesView, TotalView, VariantTotal } from './report.view.js';
import type { RunView } from './run.view.js';

const COUNTED = [...DELIVERY_STATES, 'pending'] as const;

/** The funnel of several notifications. */
export function totalOf(all: readonly (DeliveryCounts | undefined)[]): FieldsOf<TotalView> {
  const counts = Object.fromEntries(
    COUNTED.map((state) => [state, all.reduce((sum, each) => sum + (each?.[state] ?? 0), 0)]),
  ) as Record<(typeof COUNTED)[number], number>;
  return { counts, rates: ratesOf(counts) };
}

function ratesOf({
  queued,
  suppressed,
  acknowledged,
  displayed,
  opened,
  failed,
  dropped,
}: DeliveryCounts): RatesView {
  const made = queued - suppressed;
  const ended = acknowledged + failed + dropped;
  return {
    acknowledged: share(acknowledged, made),
    displayed: share(displayed, made),
    opened: share(opened, made),
    errors: share(failed + dropped, ended),
  };
}

const share = (part: number, whole: number): number =>
  whole === 0 ? 0 : Math.round((part / whole) * 10_000) / 10_000;

const HEAD = ['run', 'state', 'begunAt', 'endedAt', 'variant', 'rest', 'notification', 'status', ...COUNTED];

/**
 * A row for each notification of a run (RFC 4180); a run that was missed has one without. What a geofence triggers has no runs: a row for each variant, with
 * all of its notifications.
 */
export function csvOf({
  runs,
  triggered,
  variants,
}: Pick<CampaignReport, 'runs' | 'triggered' | 'variants'>): string {
  const rows = triggered === undefined ? runs.flatMap((run) => rowsOf(run)) : variants.map(triggeredRow);
  return [HEAD, ...rows].map((row) => `${row.map(quoted).join(',')}\r\n`).join('');
}

function rowsOf({ at, state, begunAt = '', endedAt = '', parts }: RunView): (string | number)[][] {
  const run = [at, state, begunAt, endedAt];
  if (parts.length === 0) return [[...run, ...HEAD.slice(run.length).map(() => '')]];
  return parts.map(({ variant, rest = false, notification, status = '', counts }) => [
    ...run,
    variant,
    String(rest),
    notification,
    status,
    ...COUNTED.map((each) => counts?.[each] ?? ''),
  ]);
}

const triggeredRow = ({ variant, counts }: VariantTotal): (string | number)[] => [
  '',
  'triggered',
  '',
  '',
  variant,
  'false',
  '',
  '',
  ...COUNTED.map((each) => counts[each]),
];

const quoted = (value: string | number): string => {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};
