import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../../..');
const page = readFileSync(join(root, 'docs/conformance/xmpp.md'), 'utf8');

/** The server side of XEP-0479's categories that a gateway for phones is measured by, core and advanced. */
const CATEGORIES = {
  Core: 'RFC 6120, RFC 7590, XEP-0030, XEP-0114, XEP-0368, XEP-0115, XEP-0163',
  Web: 'RFC 7395, XEP-0124, XEP-0206, XEP-0156',
  'Instant messaging':
    'RFC 6121, XEP-0054, XEP-0280, XEP-0045, XEP-0249, XEP-0363, XEP-0398, XEP-0153, XEP-0191, XEP-0048, XEP-0313, XEP-0402, ' +
    'XEP-0410, XEP-0223, XEP-0049, XEP-0198',
  Mobile: 'XEP-0198, XEP-0352, XEP-0357',
  Others:
    'XEP-0016, XEP-0077, XEP-0078, XEP-0080, XEP-0085, XEP-0092, XEP-0160, XEP-0184, XEP-0199, XEP-0202, XEP-0203, XEP-0286, XEP-0308, ' +
    'XEP-0335, XEP-0359, XEP-0386, XEP-0388, XEP-0484',
};

interface Line {
  what: string;
  shownBy: string;
}

function linesOf(category: string): Line[] {
  const section = page.split(/^## /m).find((part) => part.startsWith(`${category}\n`)) ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('| ') && !/^\| (what|-)/.test(line));
  return rows.map((row) => {
    const [, what = '', , shownBy = ''] = row.split('|').map((cell) => cell.trim());
    return { what, shownBy };
  });
}

const lines = ['RFCs', ...Object.keys(CATEGORIES), 'Security'].flatMap(linesOf);
const tests = Array.from(
  page.matchAll(/`([^`]+\.spec\.ts)` › `([^`]+)`/g),
  ([, file, title]) => [file!, title!] as const,
);
const pathOf = (file: string): string => (file.startsWith('test/') ? join(root, file) : join(here, file));

/** What stands in quotes, as a title does. */
const quoted = (source: string): Set<string> =>
  new Set(
    Array.from(source.matchAll(/(['"`])((?:\\.|(?!\1)[^\\\n])+)\1/g), ([, , text]) =>
      text!.replaceAll(/\\(.)/g, '$1'),
    ),
  );

describe('docs/conformance/xmpp.md', () => {
  it.each(Object.entries(CATEGORIES))('has each part of %s', (category, parts) => {
    const named = linesOf(category).map(({ what }) => what);
    const missing = parts.split(', ').filter((part) => !named.some((what) => what.includes(part)));
    expect(missing).toEqual([]);
  });

  it('has a test or a reason on each line', () => {
    expect(lines.length).toBeGreaterThan(50);
    expect(lines.filter(({ shownBy }) => shownBy.length < 'see above'.length)).toEqual([]);
  });

  it('names tests that there are', () => {
    const sources = new Map(
      tests.map(([file]) => [file, existsSync(pathOf(file)) ? readFileSync(pathOf(file), 'utf8') : '']),
    );
    const titles = new Map([...sources].map(([file, source]) => [file, quoted(source)]));
    expect(tests.filter(([file, title]) => !titles.get(file)!.has(title))).toEqual([]);
  });
});
