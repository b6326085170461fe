/** A start that cannot go on. Its message is one line, "what: what to do"; a main prints it and exits with code 1. */
export class StartupError extends Error {
  constructor(
    readonly what: string,
    readonly remedy: string,
    options?: ErrorOptions,
  ) {
    super(`${what}: ${remedy}`, options);
    this.name = 'StartupError';
  }
}
