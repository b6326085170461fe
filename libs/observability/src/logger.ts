import { pino } from 'pino';
import type { DestinationStream, Logger } from 'pino';

export type { Logger } from 'pino';

export interface LoggerOptions {
  /** The least severe level that is written: trace, debug, info, warn, error, fatal or silent. */
  readonly level: string;
  /** The process or the part of it that writes. */
  readonly name: string;
  /** Stdout unless told. */
  readonly destination?: DestinationStream;
}

/** Fields that may hold a secret, at the top of a line or one level below. */
const SECRETS = ['password', 'token', 'key', 'adminKey', 'authorization', 'secret'];

/** One JSON object a line: time (RFC 3339), level, name, msg, and what the writer adds. */
export function createLogger({ level, name, destination }: LoggerOptions): Logger {
  return pino(
    {
      level,
      name,
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: SECRETS.flatMap((field) => [field, `*.${field}`]),
    },
    destination ?? pino.destination(1),
  );
}
