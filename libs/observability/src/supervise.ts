/** The part of a logger that supervision needs. */
export interface ErrorLog {
  error(fields: object, message: string): void;
}

/** Lets a promise run that nobody awaits: its failure is logged under the name, and never becomes an unhandled rejection. */
export function supervise(name: string, promise: Promise<unknown>, logger: ErrorLog): void {
  promise.catch((err: unknown) => logger.error({ err, task: name }, `${name} failed`));
}
