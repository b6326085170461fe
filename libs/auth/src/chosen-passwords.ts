import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { CarillonError, type DeviceCredentials } from '@carillon/domain';
import { deriveScramKeys } from './scram-keys.js';

/** What may be guessed is made slow to try: some 12 ms a guess on one core. SCRAM clients do the same work at each login. */
export const CHOSEN_ITERATIONS = 50_000;
export const CHOSEN_PASSWORD = /^[\x20-\x7e]{8,256}$/;
export const CHOSEN_PASSWORD_RULE = 'must be 8 to 256 printable ASCII characters';

const MARK = 'slow:';

/** Whether the client chose the password itself, so that its hash is a slow one. */
export const isChosen = ({ tokenHash }: Pick<DeviceCredentials, 'tokenHash'>): boolean =>
  tokenHash.startsWith(MARK);

export interface ChosenPasswordOptions {
  /** Derivations at the same time. */
  readonly atOnce?: number;
  /** Derivations that wait; more are refused. */
  readonly waiting?: number;
  /** Passwords that were right and are known again. */
  readonly remembered?: number;
}

/**
 * Makes and checks credentials from passwords that clients chose. The work is done off the event loop, a little at a time; a password that was
 * right is known again by a MAC whose key never leaves this process.
 */
export class ChosenPasswords {
  private readonly key = randomBytes(32);
  private readonly known = new Map<string, Buffer>();
  private readonly queue: (() => void)[] = [];
  private running = 0;
  private lastTookMs = 15;

  constructor(
    private readonly options: ChosenPasswordOptions = {},
    private readonly sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
  ) {}

  /** @throws CarillonError `unavailable` when too many wait already */
  derive(password: string): Promise<DeviceCredentials> {
    return this.inTurn(async () => {
      const [scramSha1, scramSha256] = [
        await deriveScramKeys('sha1', password, undefined, CHOSEN_ITERATIONS),
        await deriveScramKeys('sha256', password, undefined, CHOSEN_ITERATIONS),
      ];
      return { tokenHash: MARK + scramSha256.storedKey, scramSha1, scramSha256 };
    });
  }

  /** @throws CarillonError `unavailable` when too many wait already */
  async verify(credentials: DeviceCredentials, password: string): Promise<boolean> {
    if (!CHOSEN_PASSWORD.test(password)) return false;
    const mac = createHmac('sha256', this.key).update(password).digest();
    const known = this.known.get(credentials.tokenHash);
    if (known && timingSafeEqual(known, mac)) return true;
    const isRight = await this.inTurn(() => this.matches(credentials, password));
    if (isRight) this.remember(credentials.tokenHash, mac);
    return isRight;
  }

  /** Takes about as long as the last check did: who is not there should not show in the time. */
  pretend(): Promise<void> {
    return this.sleep(this.lastTookMs * (0.9 + Math.random() * 0.2));
  }

  private async matches({ scramSha256 }: DeviceCredentials, password: string): Promise<boolean> {
    const begun = performance.now();
    const { salt, iterations, storedKey } = scramSha256;
    const own = await deriveScramKeys('sha256', password, Buffer.from(salt, 'base64'), iterations);
    this.lastTookMs = performance.now() - begun;
    const [given, stored] = [Buffer.from(own.storedKey, 'base64'), Buffer.from(storedKey, 'base64')];
    return given.length === stored.length && timingSafeEqual(given, stored);
  }

  private remember(tokenHash: string, mac: Buffer): void {
    this.known.set(tokenHash, mac);
    if (this.known.size <= (this.options.remembered ?? 50_000)) return;
    const [oldest] = this.known.keys();
    this.known.delete(oldest!);
  }

  private async inTurn<T>(work: () => Promise<T>): Promise<T> {
    const { atOnce = 2, waiting = 128 } = this.options;
    if (this.running < atOnce) this.running++;
    else if (this.queue.length < waiting) await new Promise<void>((resolve) => this.queue.push(resolve));
    else throw new CarillonError('unavailable', 'too many logins at once', { retryAfterSeconds: 5 });
    try {
      return await work();
    } finally {
      const next = this.queue.shift();
      if (next) next();
      else this.running--;
    }
  }
}
