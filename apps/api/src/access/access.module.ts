import { Module } from '@nestjs/common';
import { KeyVerifier } from '@carillon/auth';
import { RedisApiKeys } from '@carillon/persistence';

/** Who may call: the keys' verifier, for the guard behind `@RequireScope`. */
@Module({
  providers: [
    {
      provide: KeyVerifier,
      useFactory: (keys: RedisApiKeys) => new KeyVerifier((id) => keys.find(id)),
      inject: [RedisApiKeys],
    },
  ],
  exports: [KeyVerifier],
})
export class AccessModule {}
