import { DEVICE_ID, DEVICE_ID_RULE, NAME, NAME_RULE } from '../identifiers.js';
import { isPlainObject } from '../faults.js';
import { CsvReader } from './csv-reader.js';

/** One row of an uploaded list, with the line that it began on. */
export type ListRow = { readonly line: number } & (
  | { readonly ok: true; readonly member: { readonly device: string } | { readonly user: string } }
  | { readonly ok: false; readonly detail: string }
);

export type ListFormat = 'ndjson' | 'csv';

/** A line that is longer is no row of a list, characters. */
export const MAX_LINE = 65_536;

/** Reads a list as it comes, piece by piece; rows without anything on them are passed over. */
export abstract class ListReader {
  abstract push(text: string): ListRow[];
  abstract end(): ListRow[];

  static of(format: ListFormat): ListReader {
    return format === 'csv' ? new CsvListReader() : new NdjsonListReader();
  }
}

/** `{"device":"phone-1"}` or `{"user":"anna"}` a line; a bare string is a device. */
class NdjsonListReader extends ListReader {
  private rest = '';
  private line = 0;

  push(text: string): ListRow[] {
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop()!;
    const rows = lines.flatMap((each) => this.row(each));
    if (this.rest.length <= MAX_LINE) return rows;
    // Never keep what cannot be a row: what follows on its line is refused with it.
    this.rest = this.rest.slice(0, MAX_LINE + 1);
    return rows;
  }

  end(): ListRow[] {
    const last = this.rest;
    this.rest = '';
    return this.row(last);
  }

  private row(text: string): ListRow[] {
    const line = ++this.line;
    if (text.trim() === '') return [];
    if (text.length > MAX_LINE) return [{ line, ok: false, detail: `is longer than ${MAX_LINE} characters` }];
    try {
      return [{ line, ...memberOf(JSON.parse(text)) }];
    } catch {
      return [{ line, ok: false, detail: 'is not well-formed JSON' }];
    }
  }
}

const NDJSON_RULE = 'must be {"device": "…"} or {"user": "…"}';

function memberOf(json: unknown): MemberOutcome {
  if (typeof json === 'string') return named('device', json);
  if (!isPlainObject(json)) return { ok: false, detail: NDJSON_RULE };
  const names = Object.keys(json);
  if (names.length !== 1 || (names[0] !== 'device' && names[0] !== 'user'))
    return { ok: false, detail: NDJSON_RULE };
  return named(names[0], json[names[0]]);
}

type MemberOutcome =
  | { readonly ok: true; readonly member: { readonly device: string } | { readonly user: string } }
  | { readonly ok: false; readonly detail: string };

function named(kind: 'device' | 'user', value: unknown): MemberOutcome {
  const [pattern, rule] = kind === 'device' ? [DEVICE_ID, DEVICE_ID_RULE] : [NAME, NAME_RULE];
  if (typeof value !== 'string' || !pattern.test(value)) return { ok: false, detail: `${kind} ${rule}` };
  return { ok: true, member: kind === 'device' ? { device: value } : { user: value } };
}

/** RFC 4180 with a header; the column `device` or `user` counts, others are passed over. */
class CsvListReader extends ListReader {
  private readonly reader = new CsvReader(MAX_LINE);
  private columns: readonly string[] | undefined;

  push(text: string): ListRow[] {
    return this.reader.push(text).flatMap((record) => this.row(record));
  }

  end(): ListRow[] {
    return this.reader.end().flatMap((record) => this.row(record));
  }

  private row({ line, cells, fault }: { line: number; cells: readonly string[]; fault?: string }): ListRow[] {
    if (fault) return [{ line, ok: false, detail: fault }];
    if (cells.length === 1 && cells[0]!.trim() === '') return [];
    if (!this.columns) return this.header(line, cells);
    if (this.columns.length === 0) return [];
    const given = (['device', 'user'] as const).flatMap((kind) => {
      const value = cells[this.columns!.indexOf(kind)]?.trim();
      return value ? [{ kind, value }] : [];
    });
    if (given.length !== 1) return [{ line, ok: false, detail: 'must have either a device or a user' }];
    return [{ line, ...named(given[0]!.kind, given[0]!.value) }];
  }

  private header(line: number, cells: readonly string[]): ListRow[] {
    this.columns = cells.map((cell) =>
      cell
        .replace(/^\ufeff/, '')
        .trim()
        .toLowerCase(),
    );
    if (this.columns.includes('device') || this.columns.includes('user')) return [];
    this.columns = [];
    return [{ line, ok: false, detail: 'must be a header with a column "device" or "user"' }];
  }
}
