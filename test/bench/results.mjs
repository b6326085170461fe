import { appendFileSync } from 'node:fs';

/** The figures of each run, a JSON line each. */
export class JsonLines {
  lines = [];

  constructor(path) {
    this.path = path;
  }

  add(line) {
    this.lines.push(line);
    if (this.path) appendFileSync(this.path, `${JSON.stringify(line)}\n`);
  }
}
