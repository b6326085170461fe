/** No usable Redis. Its message is one line, "what: hint"; the hint says what to do. */
export class RedisUnavailableError extends Error {
  constructor(
    readonly what: string,
    readonly hint: string,
    options?: ErrorOptions,
  ) {
    super(`${what}: ${hint}`, options);
    this.name = 'RedisUnavailableError';
  }
}
