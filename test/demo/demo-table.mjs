const COLUMNS = ['notification', 'device', 'transport', 'latency', 'receipt'];

/** Prints rows as a table, with a mark for each that went well. */
export function printTable(rows) {
  const width = (column) => Math.max(column.length, ...rows.map((row) => row[column].length));
  const line = (cells, mark) =>
    `${mark} ${cells.map((cell, i) => cell.padEnd(width(COLUMNS[i]))).join('  ')}`;
  console.log('');
  console.log(line(COLUMNS, ' '));
  console.log(
    line(
      COLUMNS.map((column) => '-'.repeat(width(column))),
      ' ',
    ),
  );
  for (const row of rows)
    console.log(
      line(
        COLUMNS.map((column) => row[column]),
        row.ok ? '✓' : '✗',
      ),
    );
  console.log('');
}
