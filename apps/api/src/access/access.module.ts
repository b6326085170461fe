import { Module } from '@nestjs/common';
import { KeyVerifier } from '@carillon/auth';
import { RedisApiKeys } from '@carillon/persistence';
import { StoreWatch } from './store-watch.js';

/** Who may call, and when: the keys' verifier, for the guard behind `@RequireScope`. */
@Module({
  providers: [
    StoreWatch,
    {
      provide: KeyVerifier,
      useFactory: (keys: RedisApiKeys) => new KeyVerifier((id) => keys.find(id)),
      inject: [RedisApiKeys],
    },
  ],
  exports: [KeyVerifier, StoreWatch],
})
export class AccessModule {}
