import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../../..');
const table = readFileSync(join(root, 'docs/conformance/mqtt.md'), 'utf8');

/** How many numbered statements each section has, by appendix B of the specifications; 5.0 has no MQTT-2.2.1-1. */
const STATEMENTS = {
  'MQTT 5.0':
    '1.5.4:3 1.5.5:1 1.5.7:1 2.1.3:1 2.2.1:6 2.2.2:1 3.1.0:2 3.1.2:30 3.1.3:12 3.1.4:6 3.2.0:2 3.2.2:22 3.3.1:13 3.3.2:20 ' +
    '3.3.4:10 3.4.2:3 3.5.2:3 3.6.1:1 3.6.2:3 3.7.2:3 3.8.1:1 3.8.3:5 3.8.4:8 3.9.2:2 3.9.3:2 3.10.1:1 3.10.3:2 3.10.4:6 ' +
    '3.11.2:2 3.11.3:2 3.12.4:1 3.14.0:1 3.14.1:1 3.14.2:4 3.14.4:3 3.15.1:1 3.15.2:3 4.1.0:2 4.2.0:1 4.3.1:1 4.3.2:5 ' +
    '4.3.3:13 4.4.0:2 4.5.0:2 4.6.0:6 4.7.0:1 4.7.1:2 4.7.2:1 4.7.3:4 4.8.2:6 4.9.0:3 4.12.0:7 4.12.1:2 4.13.1:1 4.13.2:1 6.0.0:4',
  'MQTT 3.1.1':
    '1.4.0:3 2.2.2:2 2.3.1:7 3.1.0:2 3.1.2:24 3.1.3:11 3.1.4:5 3.2.0:1 3.2.2:6 3.3.1:12 3.3.2:3 3.3.4:1 3.3.5:2 3.6.1:1 ' +
    '3.8.1:1 3.8.3:4 3.8.4:6 3.9.3:2 3.10.1:1 3.10.3:2 3.10.4:6 3.12.4:1 3.14.1:1 3.14.4:3 4.1.0:2 4.3.1:1 4.3.2:2 4.3.3:2 ' +
    '4.4.0:1 4.5.0:2 4.6.0:6 4.7.1:3 4.7.2:1 4.7.3:4 4.8.0:2 6.0.0:4 7.0.0:2 7.1.1:1 7.1.2:1',
} as const;

type Specification = keyof typeof STATEMENTS;
const SPECIFICATIONS = Object.keys(STATEMENTS) as Specification[];

interface Row {
  clause: string;
  shownBy: string;
}

interface Evidence {
  file: string;
  title: string;
}

function statementsOf(specification: Specification): string[] {
  const all = STATEMENTS[specification].split(' ').flatMap((entry) => {
    const [section, count] = entry.split(':');
    return Array.from({ length: Number(count) }, (_, i) => `MQTT-${section}-${i + 1}`);
  });
  return all.filter((clause) => !(specification === 'MQTT 5.0' && clause === 'MQTT-2.2.1-1'));
}

const section = (specification: Specification): string =>
  table.split(/^## /m).find((part) => part.startsWith(`${specification}\n`)) ?? '';

function rowsOf(specification: Specification): Row[] {
  const lines = section(specification)
    .split('\n')
    .filter((line) => line.startsWith('| MQTT-'));
  return lines.map((line) => {
    const [, clause = '', , shownBy = ''] = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
    // The specification itself writes this one of 3.1.1 so.
    return { clause: clause.replace('MQTT-3-8.3-4', 'MQTT-3.8.3-4'), shownBy };
  });
}

/** `MQTT-2.3.1-2, -3; 3.1.2-23` */
function onClientsAlone(specification: Specification): string[] {
  const [, list = ''] =
    /^Binding on clients alone: MQTT-([^.]*(?:\.\d[^.]*)*)\./m.exec(section(specification)) ?? [];
  return list.split('; ').flatMap((group) => {
    const [first = '', ...others] = group.split(', ');
    const prefix = first.slice(0, first.lastIndexOf('-'));
    return [first, ...others.map((rest) => `${prefix}${rest}`)].map((clause) => `MQTT-${clause}`);
  });
}

/** `file` › `test` */
const evidence = (text: string): Evidence[] =>
  Array.from(text.matchAll(/`([^`]+)` › `([^`]+)`/g), ([, file, title]) => ({ file: file!, title: title! }));

const pathOf = (file: string): string => (file.startsWith('test/') ? join(root, file) : join(here, file));

/** Titles of a spec: of `it`, `describe` and their `each`, and the names of the rows that these play. */
function titlesOf(source: string): string[] {
  const literal = /(?:\b(?:it|describe)|[)[])\s*[([]?\s*(?:(['"])((?:\\.|(?!\1).)*)\1|`([^`]*)`)\s*,/g;
  return Array.from(source.matchAll(literal), ([, , quoted, template]) =>
    (quoted ?? template!).replaceAll(/\\(.)/g, '$1'),
  );
}

/** Names of the rows of a fixture module. */
async function namesOf(path: string): Promise<string[]> {
  const tables = Object.values((await import(pathToFileURL(path).href)) as object).filter(Array.isArray);
  return tables.flat().map(({ name }: { name: string }) => name);
}

async function exists({ file, title }: Evidence): Promise<boolean> {
  const path = pathOf(file);
  if (!existsSync(path)) return false;
  const known = file.includes('/fixtures/') ? await namesOf(path) : titlesOf(readFileSync(path, 'utf8'));
  return known.includes(title);
}

const sources = readdirSync(here, { withFileTypes: true, recursive: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
  .map((entry) => ({ name: entry.name, text: readFileSync(join(entry.parentPath, entry.name), 'utf8') }));

/** `3.1.1 [MQTT-…]` cites that specification, `[MQTT-…]` the other. */
const citations = (text: string): { specification: Specification; clause: string }[] =>
  Array.from(text.matchAll(/(3\.1\.1:? )?\[(MQTT-\d[\d.-]+\d)\]/g), ([, old, clause]) => ({
    specification: old ? 'MQTT 3.1.1' : 'MQTT 5.0',
    clause: clause!.replace('MQTT-3-8.3-4', 'MQTT-3.8.3-4'),
  }));

describe.each(SPECIFICATIONS)('the conformance table of %s', (specification) => {
  const rows = rowsOf(specification);
  const clauses = rows.map(({ clause }) => clause);

  it('has each clause that binds servers once, and names those that do not', () => {
    expect([...clauses, ...onClientsAlone(specification)].sort()).toEqual(statementsOf(specification).sort());
  });

  it('has a test or a reason for each', () => {
    const without = rows.filter(
      ({ shownBy }) => evidence(shownBy).length === 0 && !/^cannot apply: ./.test(shownBy),
    );
    expect(without).toEqual([]);
  });

  it('names files and tests that exist', async () => {
    const missing: string[] = [];
    for (const { clause, shownBy } of rows) {
      for (const test of evidence(shownBy)) {
        if (!(await exists(test))) missing.push(`${clause}: ${test.file} › ${test.title}`);
      }
    }
    expect(missing).toEqual([]);
  });

  it('has the tests that name a clause among those that show it', () => {
    const shownBy = new Map(rows.map((row) => [row.clause, evidence(row.shownBy)]));
    const strangers = sources
      .filter(({ name }) => name.endsWith('.spec.ts'))
      .flatMap(({ name, text }) => titlesOf(text).map((title) => ({ file: name, title })))
      .flatMap((test) => citations(test.title).map((citation) => ({ ...test, ...citation })))
      .filter((test) => test.specification === specification)
      .filter(({ clause, file, title }) => {
        const tests = shownBy.get(clause) ?? [];
        return !tests.some((test) => test.file === file && test.title === title);
      });
    expect(strangers).toEqual([]);
  });

  it('has every clause that the code cites', () => {
    const known = new Set(statementsOf(specification));
    const unknown = sources
      .flatMap(({ text }) => citations(text))
      .filter((citation) => citation.specification === specification && !known.has(citation.clause));
    expect(unknown).toEqual([]);
  });

  it('counts itself right', () => {
    const cannot = rows.filter(({ shownBy }) => shownBy.startsWith('cannot apply')).length;
    const said = `${rows.length} clauses: ${rows.length - cannot} shown, ${cannot} cannot apply.`;
    expect(section(specification)).toContain(said);
  });
});
