import type { FirstKey } from './admin-key.js';
import type { ProcessContext } from './process-context.js';

/** What a person who starts Carillon wants to know, on stderr: stdout has the JSON log. */
export function printBanner(context: ProcessContext, httpUrl: string, key: FirstKey | undefined): void {
  const lines = ['', `Carillon (${context.name}) is up`, ...listenerLines(context)];
  if (key) lines.push(...keyLines(key), ...curlLines(httpUrl, key));
  process.stderr.write(`${lines.join('\n')}\n\n`);
}

function listenerLines({ listeners }: ProcessContext): string[] {
  return listeners.map(({ name, url }) => `  ${name.padEnd(12)} ${url}`);
}

function keyLines({ text, created, path }: FirstKey): string[] {
  if (!path) return ['', 'Admin key: from CARILLON_ADMIN_KEY'];
  return created ? ['', `Admin key (new, kept in ${path}):`, `  ${text}`] : ['', `Admin key: in ${path}`];
}

/** As printed they work: register a device, then send to it. */
function curlLines(httpUrl: string, { text, created, path }: FirstKey): string[] {
  const key = created ? text : path ? `$(cat ${path})` : '$CARILLON_ADMIN_KEY';
  const call = `curl -sS -H "Authorization: Bearer ${key}" -H 'Content-Type: application/json'`;
  return [
    '',
    'Try it:',
    `  ${call} -X PUT ${httpUrl}/v1/devices/phone-1 -d '{"user":"alice"}'`,
    `  ${call} ${httpUrl}/v1/notifications -d '{"audience":{"user":"alice"},"title":"Hello"}'`,
  ];
}
