import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { type ErrorCode, ERRORS } from '@carillon/domain';

export class FaultView {
  @ApiProperty({
    description: 'JSON pointer into the body (RFC 6901), or the name of a parameter',
    example: '/ttl',
  })
  pointer!: string;

  @ApiProperty({ example: 'must be a whole number from 0 to 2592000' })
  detail!: string;
}

/** A problem document (RFC 9457). */
export class ProblemView {
  @ApiProperty({
    description: 'explains the code, relative to the gateway',
    example: '/problems/invalid-request',
  })
  type!: string;

  @ApiProperty({ example: ERRORS['invalid-request'].title })
  title!: string;

  @ApiProperty({ example: 400 })
  status!: number;

  @ApiProperty({ example: '/ttl must be a whole number from 0 to 2592000' })
  detail!: string;

  @ApiProperty({
    enum: Object.keys(ERRORS),
    enumName: 'ErrorCode',
    description: 'stable; programs decide by it',
  })
  code!: ErrorCode;

  @ApiPropertyOptional({ type: [FaultView], description: 'every fault that was found' })
  faults?: FaultView[];
}
