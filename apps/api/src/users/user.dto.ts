import { ApiProperty } from '@nestjs/swagger';
import { IsName } from '../http/rules.js';

export class UserParams {
  @ApiProperty({ example: 'anna' })
  @IsName()
  id!: string;
}
