import { CarillonError, type RegistrationKey } from '@carillon/domain';
import { runScript } from '@carillon/redis';
import type { Store } from '../store.js';

const MAX_ATTEMPTS = 20;

/** The keys that let devices register themselves: one an app, and the one before it for as long as it was left to live. */
export class RedisRegistrationKeys {
  constructor(private readonly store: Store) {}

  async find(id: string): Promise<RegistrationKey | undefined> {
    const { client, keys } = this.store;
    const { app, secretHash, createdAt } = await client.hgetall(keys.registrationKey(id));
    return app === undefined ? undefined : { id, app, secretHash: secretHash!, createdAt: Number(createdAt) };
  }

  async ofApp(app: string): Promise<RegistrationKey | undefined> {
    const { present } = await this.idsOf(app);
    return present === '' ? undefined : this.find(present);
  }

  /** @param formerLivesMs for how long the key before still opens */
  async rotate(key: RegistrationKey, formerLivesMs: number): Promise<void> {
    await this.replace(key.app, key, formerLivesMs);
  }

  /** From now on no key of the app opens. @returns false when it had none */
  delete(app: string): Promise<boolean> {
    return this.replace(app, undefined, 0);
  }

  /** @returns whether there was one before */
  private async replace(app: string, key: RegistrationKey | undefined, livesOn: number): Promise<boolean> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const { present, former } = await this.idsOf(app);
      if (await this.tryReplace(app, { present, former, key, livesOn })) return present !== '';
    }
    throw new CarillonError('unavailable', 'the registration key is being changed by others; try again', {
      retryAfterSeconds: 1,
    });
  }

  private async tryReplace(
    app: string,
    change: { present: string; former: string; key: RegistrationKey | undefined; livesOn: number },
  ): Promise<boolean> {
    const { client, keys } = this.store;
    const { present, former, key, livesOn } = change;
    const ids = keys.registrationKeys(app);
    const keyOf = (id: string): string => (id === '' ? ids : keys.registrationKey(id));
    const done = await runScript<number>(
      client,
      'rotate-registration-key',
      [ids, keyOf(present), keyOf(former), keyOf(key?.id ?? '')],
      [present, former, livesOn, key?.id ?? '', ...(key ? fieldsOf(key) : [])],
    );
    return done === 1;
  }

  private async idsOf(app: string): Promise<{ present: string; former: string }> {
    const { client, keys } = this.store;
    const [present, former] = await client.hmget(keys.registrationKeys(app), 'id', 'former');
    return { present: present ?? '', former: former ?? '' };
  }
}

const fieldsOf = ({ app, secretHash, createdAt }: RegistrationKey): (string | number)[] => [
  'app',
  app,
  'secretHash',
  secretHash,
  'createdAt',
  createdAt,
];
