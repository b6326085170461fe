import { ListReader, type ListFormat } from './list-reader.js';

function read(format: ListFormat, text: string, piece = text.length) {
  const reader = ListReader.of(format);
  const rows = [];
  for (let i = 0; i < text.length; i += piece) rows.push(...reader.push(text.slice(i, i + piece)));
  return [...rows, ...reader.end()].map((row) => [row.line, row.ok ? row.member : row.detail]);
}

const NDJSON =
  '{"device":"a"}\n\n{"user":"Anna B"}\r\n"b"\n{"device":1}\nnope\n{"user":"u","device":"d"}\n{"user":"ü"}';
const CSV =
  'Name,user,Device\r\n"Anna, B",anna,\r\n,,"phone-1"\r\n"two\nlines",u2,\n\nx,u,d\nonly\n,"a"b,\n,,"Up"';

describe('a list', () => {
  it.each([NDJSON.length, 1, 7])('is read as NDJSON in pieces of %i', (piece) => {
    expect(read('ndjson', NDJSON, piece)).toEqual([
      [1, { device: 'a' }],
      [3, expect.stringContaining('user must be 1 to 128')],
      [4, { device: 'b' }],
      [5, expect.stringContaining('device must be')],
      [6, 'is not well-formed JSON'],
      [7, 'must be {"device": "…"} or {"user": "…"}'],
      [8, { user: 'ü' }],
    ]);
  });

  it.each([CSV.length, 1, 7])('is read as CSV in pieces of %i', (piece) => {
    expect(read('csv', CSV, piece)).toEqual([
      [2, { user: 'anna' }],
      [3, { device: 'phone-1' }],
      [4, { user: 'u2' }],
      [7, 'must have either a device or a user'],
      [8, 'must have either a device or a user'],
      [9, 'has text behind a quoted cell'],
      [10, expect.stringContaining('device must be')],
    ]);
  });

  it('needs a header as CSV, and says so once', () => {
    expect(read('csv', 'anna\nbert\n')).toEqual([[1, 'must be a header with a column "device" or "user"']]);
  });

  it('keeps no line that is endless', () => {
    expect(read('ndjson', `${'x'.repeat(200_000)}\n"a"\n`, 10_000)).toEqual([
      [1, 'is longer than 65536 characters'],
      [2, { device: 'a' }],
    ]);
    expect(read('csv', `device\n"${'x'.repeat(200_000)}\na\n`, 10_000)).toEqual([
      [2, 'is longer than 65536 characters'],
      [3, { device: 'a' }],
    ]);
  });
});
