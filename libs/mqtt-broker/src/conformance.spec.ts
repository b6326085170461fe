import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../../..');
const table = readFileSync(join(root, 'docs/conformance/mqtt.md'), 'utf8');

interface Row {
  clause: string;
  shownBy: string;
}

function rowsOf(heading: string): Row[] {
  const section = table.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
  const lines = section.split('\n').filter((line) => line.startsWith('| MQTT-'));
  return lines.map((line) => {
    const [, clause = '', , shownBy = ''] = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
    return { clause, shownBy };
  });
}

/** `file` › `test` */
const evidence = (text: string): { file: string; title: string }[] =>
  Array.from(text.matchAll(/`([^`]+)` › `([^`]+)`/g), ([, file, title]) => ({ file: file!, title: title! }));

const pathOf = (file: string): string => (file.startsWith('test/') ? join(root, file) : join(here, file));

/** Clauses that sources and specs cite. */
function cited(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .flatMap(
      (entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8').match(/MQTT-\d[\d.-]+\d/g) ?? [],
    );
}

describe.each(['MQTT 5.0', 'MQTT 3.1.1'])('the conformance table of %s', (heading) => {
  const rows = rowsOf(heading);

  it('has each clause once, and something to say of it', () => {
    expect(rows.length).toBeGreaterThan(100);
    const clauses = rows.map(({ clause }) => clause);
    expect(clauses.filter((clause, i) => clauses.indexOf(clause) !== i)).toEqual([]);
    const empty = rows.filter(
      ({ shownBy }) => evidence(shownBy).length === 0 && !/^(cannot apply|not shown yet): ./.test(shownBy),
    );
    expect(empty).toEqual([]);
  });

  it('names files and tests that exist', () => {
    const missing = rows.flatMap(({ clause, shownBy }) =>
      evidence(shownBy)
        .filter(({ file, title }) => {
          const path = pathOf(file);
          return !existsSync(path) || !readFileSync(path, 'utf8').includes(title);
        })
        .map(({ file, title }) => `${clause}: ${file} › ${title}`),
    );
    expect(missing).toEqual([]);
  });

  it('counts itself right', () => {
    const cannot = rows.filter(({ shownBy }) => shownBy.startsWith('cannot apply')).length;
    const notYet = rows.filter(({ shownBy }) => shownBy.startsWith('not shown yet')).length;
    const shown = rows.length - cannot - notYet;
    const said = `${rows.length} clauses: ${shown} shown, ${cannot} cannot apply, ${notYet} not shown yet.`;
    expect(table).toContain(said);
  });
});

it('every clause that the code cites is in the table', () => {
  expect([...new Set(cited(here))].filter((clause) => !table.includes(clause.slice('MQTT-'.length)))).toEqual(
    [],
  );
});
