import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { forManyCalls, forOneCall } from '@carillon/redis';
import type { SentCommand } from './command-recorder.js';

const DIRECTORY = new URL('../../libs/redis/src/scripts/', import.meta.url);
const shaOf = (lua: string): string => createHash('sha1').update(lua).digest('hex');

/** Each script by its file, as it is and as it is for many calls: what EVALSHA and EVAL name them by. */
const FORMS = readdirSync(DIRECTORY).map((file) => {
  const lua = readFileSync(new URL(file, DIRECTORY), 'utf8');
  const forms = [forOneCall(lua), forManyCalls(lua)];
  return { file, names: forms.flatMap((form) => [shaOf(form), form]) };
});

const scriptOf = ({ name, args }: SentCommand): string | undefined =>
  name.startsWith('eval') ? args[0] : undefined;

/** Files of scripts that none of these commands runs, in one form or the other. */
export function unusedScripts(sent: readonly SentCommand[]): string[] {
  const used = new Set(sent.map(scriptOf));
  return FORMS.filter(({ names }) => !names.some((name) => used.has(name))).map(({ file }) => file);
}
