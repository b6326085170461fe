import { cpus, release, totalmem } from 'node:os';

/** A Markdown table of medians [least–most], a row for each metric of a case, and one of the ratios against what they are to be. */
export function markdown(suite, lines) {
  const rows = suite.cases.flatMap((each) =>
    each.metrics.map((metric) => new Row(suite, each, metric, lines)),
  );
  return [figureTable(suite, rows), ratioTable(suite, rows)].join('\n\n');
}

export function describeMachine() {
  const processors = cpus();
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  return `${processors.length} × ${processors[0]?.model.trim()}, ${gigabytes} GB, Linux ${release()}, Node ${process.version}`;
}

class Row {
  constructor(suite, { name, title }, metric, lines) {
    this.name = name;
    this.title = title;
    this.metric = metric;
    this.values = new Map();
    for (const { name: peer } of suite.peers) {
      const runs = lines.filter((line) => line.case === name && line.peer === peer && line.exit === 0);
      this.values.set(
        peer,
        runs
          .map(metric.of)
          .filter((value) => value !== undefined)
          .sort((a, b) => a - b),
      );
    }
  }

  cell(peer) {
    const values = this.values.get(peer);
    if (!values?.length) return '–';
    if (values.length === 1) return number(values[0]);
    return `${number(median(values))} [${number(values[0])}–${number(values.at(-1))}]`;
  }

  median(peer) {
    const values = this.values.get(peer);
    return values?.length ? median(values) : undefined;
  }
}

function figureTable({ peers }, rows) {
  return table(
    ['work', 'figure', ...peers.map(({ name }) => name)],
    rows.map((row) => [row.title, row.metric.title, ...peers.map(({ name }) => row.cell(name))]),
  );
}

function ratioTable({ ours }, rows) {
  const targets = rows.flatMap((row) => row.metric.targets.map((target) => ({ row, target })));
  return table(
    ['work', 'figure', 'against', 'must', 'aim', ...ours],
    targets.map(({ row, target }) => [
      row.title,
      row.metric.title,
      opponent(target),
      bound(target.must, row.metric, target),
      bound(target.aim, row.metric, target),
      ...ours.map((name) => verdict(row, target, name, theirs(rows, row, target))),
    ]),
  );
}

function bound(value, { less }, { of }) {
  if (value === undefined) return '';
  return `${less ? '≤' : '≥'} ${of ? `${Number(value.toFixed(2))} ×` : number(value)}`;
}

const opponent = ({ of = 'itself', case: other }) => (other ? `${of}, ${other}` : of);

/** The median of the peer in this row, or in that of the case that the target names. */
function theirs(rows, row, { of, case: other }) {
  if (of === undefined) return 1;
  return (other ? rows.find(({ name }) => name === other) : row)?.median(of);
}

function verdict(row, { of, must, aim }, name, theirs) {
  const mine = row.median(name);
  if (mine === undefined || theirs === undefined) return '–';
  const value = mine / theirs;
  const reaches = (target) => target === undefined || (row.metric.less ? value <= target : value >= target);
  const word = reaches(must) ? (reaches(aim) ? '' : ' (below the aim)') : ' (falls short)';
  return `${of ? `${value.toFixed(2)} ×` : number(value)}${word}`;
}

function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function median(sorted) {
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

const number = (value) => Math.round(value).toLocaleString('en-US');
