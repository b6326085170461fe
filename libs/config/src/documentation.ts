import { variables } from './variables.js';
import type { Variable } from './variables.js';

const BEFORE = `<!-- Generated from libs/config/src/variables.ts by "npm run docs:generate": edit there. -->

# Configuration

Carillon is configured by environment variables. A file \`.env\` in the working directory is read too; the environment wins over it, and an
empty variable counts as not set. Every process reads the same variables and uses those that concern it. They are checked at start-up: a
process that finds a fault, or a \`CARILLON_…\` variable that is not in this table, lists all of them and exits with code 1.
`;

const AFTER = `
## What the data directory holds

| path | what |
|---|---|
| \`admin-key\` | the generated admin key, mode 600; absent when \`CARILLON_ADMIN_KEY\` is set |
| \`certificates/<domain>/\` | \`certificate.pem\` and \`key.pem\`, self-signed at the first start; put your own in their place and restart |
| \`redis/\` | the private Redis: its append-only file, configuration and log |
| \`lock\` | the process that uses the directory |
`;

/** The text of docs/configuration.md. */
export function configurationDocument(): string {
  return `${BEFORE}\n${table(Object.values(variables))}${AFTER}`;
}

function table(all: readonly Variable[]): string {
  const rows = all.map((variable) => {
    const initial = variable.default === undefined ? variable.unset : `\`${variable.default}\``;
    return `| \`${variable.name}\` | ${initial} | ${variable.kind.allowed} | ${variable.description} |\n`;
  });
  return `| variable | default | allowed | meaning |\n|---|---|---|---|\n${rows.join('')}`;
}
