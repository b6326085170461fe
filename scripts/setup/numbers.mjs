import { parseArgs } from 'node:util';

/**
 * Reads options of the command line that are whole numbers from 1 up, and those alone; ends the process with their list when it
 * is asked for, or when one is wrong.
 * @param {Record<string, { default?: string, help: string }>} options
 * @returns {Record<string, string>}
 */
export function readNumbers(options) {
  try {
    const values = parse(options);
    if (!values) exit(options, 0);
    return values;
  } catch (error) {
    console.error(`${error.message}\n`);
    return exit(options, 2);
  }
}

/** @returns undefined when help is asked for */
function parse(options) {
  const known = Object.entries(options).map(([name, { default: otherwise }]) => [
    name,
    { type: 'string', ...(otherwise && { default: otherwise }) },
  ]);
  const { values } = parseArgs({ options: { ...Object.fromEntries(known), help: { type: 'boolean' } } });
  const { help, ...numbers } = values;
  if (help) return undefined;
  const given = Object.entries(numbers).map(([name, value]) => [name, String(value)]);
  for (const [name, text] of given)
    if (!/^[1-9]\d{0,9}$/.test(text)) throw new Error(`--${name} ${text}: a whole number from 1 up`);
  return Object.fromEntries(given);
}

function exit(options, code) {
  console.error('options:');
  for (const [name, { help }] of Object.entries(options))
    console.error(`  --${`${name} N`.padEnd(18)}${help}`);
  return process.exit(code);
}
