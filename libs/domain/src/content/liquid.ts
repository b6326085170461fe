import { Liquid, LiquidError, type Template } from 'liquidjs';

/** What is wrong with a text, and where: lines and columns count from 1. */
export class TextFault extends Error {
  constructor(
    readonly line: number,
    readonly column: number,
    readonly reason: string,
  ) {
    super(`line ${line}, column ${column}: ${reason}`);
  }
}

/** A variable that a text asks for: `device.attributes.name` are three segments; one that is itself computed is undefined. */
export interface VariableUse {
  readonly segments: readonly (string | undefined)[];
  readonly line: number;
  readonly column: number;
}

/** A text with its variables; one without any is itself. */
export interface ParsedText {
  readonly uses: readonly VariableUse[];
  /**
   * @param limitMs it may take no longer
   * @throws TextFault
   */
  render(scope: Readonly<Record<string, unknown>>, limitMs?: number): string;
}

export const MAX_TEXT = 64 * 1024;
/** All texts for one device together, ms. */
export const RENDER_MS = 200;
/** Of one text for one device, about characters. */
const RENDER_MEMORY = 1_000_000;

/** Logic-light: nothing that reads files or other templates. */
const TAGS = ['assign', 'break', 'capture', 'case', 'comment', 'continue', 'for', 'if', 'raw', 'unless', '#'];
/** None that evaluates expressions, matches patterns or depends on chance. */
const FILTERS = [
  'abs append at_least at_most capitalize ceil compact concat date default divided_by downcase',
  'escape first floor join json last lstrip map minus modulo plus prepend remove remove_first',
  'replace replace_first reverse round rstrip size slice sort split strip sum times truncate',
  'truncatewords uniq upcase url_encode',
].flatMap((names) => names.split(' '));

export const TOO_LONG = 'takes longer than a text may';

const engine = createEngine();

function createEngine(): Liquid {
  const liquid = new Liquid({
    strictFilters: true,
    strictVariables: true,
    // `if` and `default` are how a template says what to do without a value.
    lenientIf: true,
    ownPropertyOnly: true,
    parseLimit: MAX_TEXT,
    memoryLimit: RENDER_MEMORY,
    // The same on every machine.
    timezoneOffset: 'UTC',
    locale: 'en',
    outputEscape: textOf,
    templates: {},
  });
  keepOnly(liquid.filters, FILTERS);
  keepOnly(liquid.tags, TAGS);
  const { date } = liquid.filters;
  liquid.registerFilter('date', function (value: unknown, ...args: unknown[]): unknown {
    // A text is rendered some time before it is read, and perhaps again: it cannot say what time it is.
    if (value === 'now' || value === 'today') throw new Error(`date of "${value}": use notification.at`);
    return (date as (...all: unknown[]) => unknown).call(this, value, ...args);
  });
  return liquid;
}

function keepOnly(table: Record<string, unknown>, names: readonly string[]): void {
  for (const name of Object.keys(table)) if (!names.includes(name)) delete table[name];
}

/** An object has no text of its own: "[object Object]" is never meant. */
function textOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (Array.isArray(value)) return value.map(textOf).join(', ');
  if (typeof value === 'object') throw new Error('is an object: name one of its members');
  return String(value as string | number | boolean);
}

/** @throws TextFault */
export function parseText(text: string): ParsedText {
  if (!/\{[{%]/.test(text)) return { uses: [], render: () => text };
  const templates = faultsOf(() => engine.parse(text));
  return {
    uses: usesOf(templates),
    render: (scope, limitMs = RENDER_MS) =>
      faultsOf(() => engine.renderSync(templates, scope, { renderLimit: Math.max(1, limitMs) }) as string),
  };
}

function usesOf(templates: Template[]): VariableUse[] {
  const { globals } = engine.analyzeSync(templates, { partials: false });
  return Object.values(globals).flatMap((variables) =>
    variables.map(({ segments, location }) => ({
      segments: segments.map((segment) => (typeof segment === 'object' ? undefined : String(segment))),
      line: location.row,
      column: location.col,
    })),
  );
}

function faultsOf<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!LiquidError.is(error)) throw error;
    const [line, column] = error.token.getPosition() as [number, number];
    throw new TextFault(line, column, reasonOf(error));
  }
}

/** The library puts the place behind the reason, and names its limits in its own words. */
function reasonOf(error: LiquidError): string {
  const message = (error.originalError?.message ?? error.message).replace(
    /(, file:[^,]*)?, line:\d+.*$/s,
    '',
  );
  if (message.startsWith('memory alloc limit')) return 'takes more memory than a text may';
  if (message.startsWith('template render limit')) return TOO_LONG;
  return message;
}
