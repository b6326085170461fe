/** A failure whose message says all that a reader needs. */
export class SetupError extends Error {}
