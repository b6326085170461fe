import { applyDecorators, UseInterceptors } from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import { Failures } from './failures.decorator.js';
import { IdempotencyInterceptor } from './idempotency.interceptor.js';

/** The route takes an `Idempotency-Key`, and every request with the same key is answered as the first one was. */
export const Idempotent = (): MethodDecorator =>
  applyDecorators(
    UseInterceptors(IdempotencyInterceptor),
    ApiHeader({
      name: 'Idempotency-Key',
      required: false,
      description:
        '1 to 255 printable ASCII characters, remembered for 48 hours; a repeated answer has `Idempotency-Replayed: true`',
    }),
    Failures('invalid-idempotency-key', 'idempotency-mismatch', 'idempotency-in-progress'),
  );
