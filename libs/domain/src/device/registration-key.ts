/** Lets devices register themselves in one app. An app has one; a former one may live on for a while. */
export interface RegistrationKey {
  readonly id: string;
  readonly app: string;
  /** SHA-256 of the secret, hex. */
  readonly secretHash: string;
  /** ms since 1970 */
  readonly createdAt: number;
}
