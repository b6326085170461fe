import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { CURSOR, NOTIFICATION_ID } from '@carillon/domain';
import { Transform } from 'class-transformer';
import { ArrayMaxSize, IsArray, IsInt, IsOptional, Matches, Max, Min } from 'class-validator';

/** The whole number that a query's text stands for; anything else stays as it is, for the validator to refuse. */
const wholeNumber = ({ value }: { value: unknown }): unknown =>
  typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;

export class PollQuery {
  @ApiPropertyOptional({
    description: 'The cursor of the answer before; 0 or none for everything',
    example: '0',
  })
  @IsOptional()
  @Matches(CURSOR, { message: 'must be the cursor of an answer, or 0' })
  after = '0';

  @ApiPropertyOptional({ description: 'How long to wait for something, seconds', example: '25' })
  @IsOptional()
  @Transform(wholeNumber)
  @IsInt()
  @Min(0)
  @Max(60)
  wait = 25;

  @ApiPropertyOptional({ description: 'At most so many notifications', example: '100' })
  @IsOptional()
  @Transform(wholeNumber)
  @IsInt()
  @Min(1)
  @Max(500)
  limit = 100;
}

export class AcknowledgeBody {
  @ApiPropertyOptional({ type: [String], description: 'Ids of the notifications that the device has' })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(1_000)
  @Matches(NOTIFICATION_ID, { each: true, message: 'each must be the id of a notification' })
  ids?: string[];

  @ApiPropertyOptional({ description: 'Or: everything up to this cursor', example: '42' })
  @IsOptional()
  @Transform(({ value }: { value: unknown }) => (Number.isSafeInteger(value) ? String(value) : value))
  @Matches(CURSOR, { message: 'must be the cursor of an answer' })
  cursor?: string;
}

export class EnvelopeDto {
  @ApiProperty({ example: '01k8y0c5m2v9q3r7s1t4w6x8z0' })
  id!: string;

  @ApiProperty({ description: 'Grows from one notification of a priority to the next', example: 42 })
  seq!: number;

  @ApiProperty({ enum: ['notification', 'message', 'recall'], description: '`recall`: remove `recalls`' })
  kind!: string;

  @ApiPropertyOptional({ example: 'Hello' })
  title?: string;

  @ApiPropertyOptional()
  body?: string;

  @ApiPropertyOptional()
  uri?: string;

  @ApiPropertyOptional({ type: 'object', additionalProperties: true })
  data?: Record<string, unknown>;

  @ApiProperty({ format: 'date-time' })
  sentAt!: string;

  @ApiProperty({ format: 'date-time' })
  expiresAt!: string;

  @ApiPropertyOptional()
  collapseKey?: string;

  @ApiPropertyOptional({ description: 'The id of one that this one is shown in the place of' })
  replaces?: string;

  @ApiPropertyOptional({ description: 'The id of the one that is taken back' })
  recalls?: string;
}

export class InboxPageDto {
  @ApiProperty({ type: [EnvelopeDto] })
  notifications!: EnvelopeDto[];

  @ApiProperty({ description: 'For `after` of the next request', example: '42' })
  cursor!: string;
}
