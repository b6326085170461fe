import { type ErrorDefinition, ERRORS } from './error-registry.js';

const BEFORE = `<!-- Generated from libs/domain/src/errors/error-registry.ts by "npm run docs:generate": edit there. -->

# Errors

Every failed request is answered with a problem document (RFC 9457, \`application/problem+json\`). Programs decide by its \`code\`, which never
changes its meaning; \`detail\` is for people and may change. \`faults\` names every place that is wrong: a JSON pointer into the body, or the
name of a parameter. The running API tells the same at \`GET /problems\` and \`GET /problems/{code}\`, where the document's \`type\` points.

\`retry\` says whether the same request, unchanged, may succeed later; a \`Retry-After\` header says when.
`;

const AFTER = `
## Members beside the usual

| code | member | what |
|---|---|---|
| \`forbidden\` | \`neededScope\`, \`scopes\` | the scope that is needed, and those that the key has |
| \`audience-too-costly\` | \`cost\`, \`maxCost\` | what the expression costs, and what it may cost |
| \`time-in-past\` | \`now\` | the gateway's clock |
| \`not-cancellable\` | \`notificationStatus\` | the status that forbids it |
| \`cursor-too-old\` | \`oldestCursor\` | where to begin again |
| any | \`faultsOmitted\` | how many faults there were beyond the first hundred |
`;

/** The text of docs/errors.md. */
export function errorsDocument(): string {
  const rows = Object.entries<ErrorDefinition>(ERRORS).map(
    ([code, { status, retryable, title }]) =>
      `| \`${code}\` | ${status} | ${retryable ? 'yes' : 'no'} | ${title} |\n`,
  );
  return `${BEFORE}\n| code | status | retry | title |\n|---|---|---|---|\n${rows.join('')}${AFTER}`;
}
