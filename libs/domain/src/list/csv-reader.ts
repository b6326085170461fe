export interface CsvRecord {
  /** The line that it began on, from 1. */
  readonly line: number;
  readonly cells: readonly string[];
  readonly fault?: string;
}

/** Comma-separated values (RFC 4180) in pieces of any size. */
export class CsvReader {
  private line = 1;
  private began = 1;
  private cells: string[] = [];
  private cell = '';
  private length = 0;
  private state: 'plain' | 'quoted' | 'quote' = 'plain';
  private fault: string | undefined;
  private records: CsvRecord[] = [];

  constructor(private readonly maxLength: number) {}

  push(text: string): CsvRecord[] {
    this.records = [];
    for (const character of text) this.take(character);
    return this.records;
  }

  end(): CsvRecord[] {
    this.records = [];
    if (this.state === 'quoted') this.fault ??= 'has a quoted cell that does not end';
    if (this.length > 0) this.finish();
    return this.records;
  }

  private take(character: string): void {
    this.length++;
    if (this.length > this.maxLength) this.fault ??= `is longer than ${this.maxLength} characters`;
    if (this.state === 'quoted') this.inQuotes(character);
    else if (character === '\n') this.finish();
    else if (character === '"') this.quote();
    else if (character === ',') this.nextCell();
    else if (character !== '\r') this.plain(character);
    if (character === '\n') {
      this.line++;
      if (this.length === 0) this.began = this.line;
    }
  }

  private inQuotes(character: string): void {
    if (character === '"') this.state = 'quote';
    else if (!this.fault) this.cell += character;
    // A quoted cell may go on over lines, but not for ever.
    else if (character === '\n') this.finish();
  }

  private quote(): void {
    if (this.state === 'quote') {
      this.cell += '"';
      this.state = 'quoted';
    } else if (this.cell.trim() === '') {
      this.cell = '';
      this.state = 'quoted';
    } else this.plain('"');
  }

  private plain(character: string): void {
    if (this.state === 'quote' && character.trim() !== '') this.fault ??= 'has text behind a quoted cell';
    if (!this.fault && this.state === 'plain') this.cell += character;
  }

  private nextCell(): void {
    this.cells.push(this.cell);
    this.cell = '';
    this.state = 'plain';
  }

  private finish(): void {
    this.nextCell();
    this.records.push({ line: this.began, cells: this.cells, ...(this.fault && { fault: this.fault }) });
    this.cells = [];
    this.length = 0;
    this.fault = undefined;
  }
}
