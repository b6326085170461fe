import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { StartupError } from './startup-error.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** A variable's text and where it came from. */
export interface Setting {
  readonly text: string;
  readonly source: 'environment' | '.env';
}

/** The settings by name: those of `env` win over those of the file `.env` in `cwd`; an empty one counts as not set. */
export function readSettings(env: Environment, cwd: string): Map<string, Setting> {
  const settings = new Map<string, Setting>();
  collect(settings, readEnvFile(cwd), '.env');
  collect(settings, env, 'environment');
  return settings;
}

function collect(settings: Map<string, Setting>, values: Environment, source: Setting['source']): void {
  for (const [name, text] of Object.entries(values)) {
    if (text?.trim()) settings.set(name, { text: text.trim(), source });
  }
}

function readEnvFile(cwd: string): Environment {
  const path = join(cwd, '.env');
  try {
    return parseEnv(readFileSync(path, 'utf8')) as Environment;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return {};
    throw new StartupError(`${path} cannot be read (${code})`, 'make it a readable file or remove it', {
      cause: error,
    });
  }
}
