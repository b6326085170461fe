import { StartupError } from './startup-error.js';

/** One variable that cannot be used. */
export interface ConfigFault {
  /** The variable's name. */
  readonly name: string;
  /** What was given, quoted; "(hidden)" in place of a secret. */
  readonly given: string;
  /** What would be allowed. */
  readonly allowed: string;
  /** Where the value was found. */
  readonly source: 'environment' | '.env';
}

/** Every fault of the configuration at once, one a line. */
export class ConfigError extends StartupError {
  constructor(readonly faults: readonly ConfigFault[]) {
    super('the configuration cannot be used', ['correct these variables', ...faults.map(line)].join('\n  '));
    this.name = 'ConfigError';
  }
}

function line({ name, given, allowed, source }: ConfigFault): string {
  return `${name}=${given}${source === '.env' ? ' (in .env)' : ''}: ${allowed}`;
}
