import { ApiProperty } from '@nestjs/swagger';
import { type ApiKey, formatInstant, type Scope, SCOPES } from '@carillon/domain';
import { IsListOf, IsText, Must } from '../http/rules.js';

const KEY_ID = /^[a-z0-9]{1,64}$/;

export class KeyParams {
  @ApiProperty({ example: '3f9c0a51e2b74d68' })
  @Must('must be the id of a key', (value) => typeof value === 'string' && KEY_ID.test(value))
  id!: string;
}

export class CreateKey {
  @ApiProperty({ example: 'shop backend', maxLength: 128 })
  @IsText(128)
  name!: string;

  @ApiProperty({
    enum: SCOPES,
    isArray: true,
    example: ['send', 'read'],
    description: '`manage` includes `read`, `admin` includes all',
  })
  @IsListOf(`must be one of: ${SCOPES.join(', ')}`, (item) => SCOPES.includes(item as Scope), {
    min: 1,
    max: SCOPES.length,
  })
  scopes!: Scope[];
}

export class KeyView {
  @ApiProperty({ example: '3f9c0a51e2b74d68' })
  id!: string;

  @ApiProperty({ example: 'shop backend' })
  name!: string;

  @ApiProperty({ enum: SCOPES, isArray: true })
  scopes!: readonly Scope[];

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;
}

export class CreatedKey extends KeyView {
  @ApiProperty({
    description: 'the key itself, shown once',
    example: 'ck_3f9c0a51e2b74d68_kV0m0cQm5mCkS4gQ2dV7Qy1g5u2rW8n3xYt6aZb9cDe',
  })
  key!: string;
}

export class KeyList {
  @ApiProperty({ type: [KeyView] })
  keys!: KeyView[];
}

export const keyView = ({ id, name, scopes, createdAt }: ApiKey) =>
  ({ id, name, scopes, createdAt: formatInstant(createdAt) }) satisfies KeyView;
