/** What a key may do; `admin` includes all, `manage` includes `read`. */
export const SCOPES = ['send', 'read', 'manage', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

export interface ApiKey {
  readonly id: string;
  readonly app: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** SHA-256 of the secret, hex. */
  readonly secretHash: string;
  readonly createdAt: number;
}

export function allows(scopes: readonly Scope[], needed: Scope): boolean {
  if (scopes.includes('admin') || scopes.includes(needed)) return true;
  return needed === 'read' && scopes.includes('manage');
}
