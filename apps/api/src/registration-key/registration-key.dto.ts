import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { formatInstant, type RegistrationKey } from '@carillon/domain';
import { IsOptional } from 'class-validator';
import { IsWhole } from '../http/rules.js';

export const MAX_GRACE_SECONDS = 31_536_000;

export class RotateRegistrationKey {
  @ApiPropertyOptional({
    minimum: 0,
    maximum: MAX_GRACE_SECONDS,
    default: 0,
    description: 'for how long the key before still opens, s: for apps in the field that have it',
  })
  @IsOptional()
  @IsWhole(0, MAX_GRACE_SECONDS, 'seconds')
  graceSeconds?: number | null;
}

export class RegistrationKeyView {
  @ApiProperty({ example: '3f9c0a51' })
  id!: string;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;
}

export class CreatedRegistrationKey extends RegistrationKeyView {
  @ApiProperty({
    description: 'the key itself, shown once',
    example: 'rk-3f9c0a51-8f14e45fceea167a5a36dedd4bea2543a1b2c3d4',
  })
  key!: string;
}

export const registrationKeyView = ({ id, createdAt }: RegistrationKey) =>
  ({ id, createdAt: formatInstant(createdAt) }) satisfies RegistrationKeyView;
