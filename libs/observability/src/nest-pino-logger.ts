import type { LoggerService } from '@nestjs/common';
import type { Logger } from './logger.js';

type Level = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace';

/** Nest's own account of how it puts the application together: a line for every module and route, which nobody reads in operation. */
const ASSEMBLY = new Set([
  'InstanceLoader',
  'NestApplication',
  'NestFactory',
  'NestMicroservice',
  'RouterExplorer',
  'RoutesResolver',
  'WebSocketsController',
]);

/** What Nest logs, through pino. The last string that Nest passes is the context: the class that logs. */
export class NestPinoLogger implements LoggerService {
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  log(message: unknown, ...rest: unknown[]): void {
    this.#write('info', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.#write('fatal', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.#write('error', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.#write('warn', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.#write('debug', message, rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.#write('trace', message, rest);
  }

  #write(level: Level, message: unknown, rest: unknown[]): void {
    const context = rest.findLast((value) => typeof value === 'string' && !isStack(value));
    const stack = rest.find(isStack);
    const effective = level === 'info' && ASSEMBLY.has(context as string) ? 'debug' : level;
    this.#logger[effective]({ context, ...fieldsOf(message, stack) }, textOf(message));
  }
}

function fieldsOf(message: unknown, stack: unknown): object {
  if (message instanceof Error) return { err: message };
  const details = typeof message === 'string' ? {} : { details: message };
  return stack === undefined ? details : { ...details, stack };
}

function textOf(message: unknown): string | undefined {
  if (message instanceof Error) return message.message;
  return typeof message === 'string' ? message : undefined;
}

function isStack(value: unknown): boolean {
  return typeof value === 'string' && /\n\s+at /.test(value);
}
