import { Injectable } from '@nestjs/common';
import { newRegistrationKey } from '@carillon/auth';
import { CarillonError } from '@carillon/domain';
import { RedisRegistrationKeys } from '@carillon/persistence';
import {
  type CreatedRegistrationKey,
  registrationKeyView,
  type RegistrationKeyView,
  type RotateRegistrationKey,
} from './registration-key.dto.js';

@Injectable()
export class RegistrationKeyService {
  constructor(private readonly keys: RedisRegistrationKeys) {}

  async rotate(app: string, { graceSeconds }: RotateRegistrationKey): Promise<CreatedRegistrationKey> {
    const { key, text } = newRegistrationKey(app, Date.now());
    await this.keys.rotate(key, (graceSeconds ?? 0) * 1_000);
    return { ...registrationKeyView(key), key: text };
  }

  async read(app: string): Promise<RegistrationKeyView> {
    const key = await this.keys.ofApp(app);
    if (!key) throw none();
    return registrationKeyView(key);
  }

  async delete(app: string): Promise<void> {
    if (!(await this.keys.delete(app))) throw none();
  }
}

const none = (): CarillonError => new CarillonError('not-found', 'the app has no registration key');
